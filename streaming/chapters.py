"""The chapters of videos as a web process knows them: a second old at most."""

from __future__ import annotations

from streaming.bounded_cache import BoundedCache
from videos.chapters.chapter import Chapter
from videos.chapters.selectors import get_chapters

AGE_S = 1.0  # how long a change may stay unnoticed
MAX_VIDEOS = 2_000

_chapters: BoundedCache[str, tuple[Chapter, ...]] = BoundedCache(MAX_VIDEOS)


def chapters_of(video_id: str) -> tuple[Chapter, ...]:
    """Return a video's chapters."""
    return _chapters.get_or_load(video_id, lambda: get_chapters(video_id).chapters, AGE_S)


def forget() -> None:
    """Drop everything that is kept, for example after a change that must be seen at once."""
    _chapters.clear()
