"""Reads of chapters."""

from __future__ import annotations

from dataclasses import dataclass

from videos.chapters.chapter import Chapter, from_json
from videos.chapters.models import ChapterList


@dataclass(frozen=True, slots=True)
class Chapters:
    """A video's chapters in order, and whether they are those of its source."""

    chapters: tuple[Chapter, ...] = ()
    is_from_source: bool = False


def get_chapters(video_id: str) -> Chapters:
    """Return a video's chapters; none where it has none."""
    kept = ChapterList.objects.filter(pk=video_id).first()
    return Chapters(from_json(kept.chapters), kept.is_from_source) if kept else Chapters()
