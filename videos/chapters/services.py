"""Every change of chapters: given by the consumer, found in a source, forgotten with it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.catalog import services as catalog
from videos.catalog import states
from videos.catalog.models import Video
from videos.chapters.chapter import Chapter, to_json
from videos.chapters.models import ChapterList
from videos.errors import VideoBeingDeleted


@atomic
def give_chapters(*, video: Video, chapters: Sequence[Chapter]) -> None:
    """Let a video have these chapters, and no others, whatever source it gets.

    Raises: VideoBeingDeleted.
    """
    catalog.hold_video(video_id=video.pk)
    if not Video.objects.filter(pk=video.pk).exclude(status=states.DELETING).exists():
        message = "This video is being deleted."
        raise VideoBeingDeleted(message)
    _write(video.pk, chapters, is_from_source=False)


@atomic
def record_found(*, video_id: str, chapters: Sequence[Chapter]) -> None:
    """Keep the chapters of a source, unless some were given; none that are found change nothing."""
    catalog.hold_video(video_id=video_id)
    is_given = ChapterList.objects.filter(pk=video_id, is_from_source=False).exists()
    if chapters and not is_given and Video.objects.filter(pk=video_id).exists():
        _write(video_id, chapters, is_from_source=True)


def _write(video_id: str, chapters: Sequence[Chapter], *, is_from_source: bool) -> None:
    facts = {"is_from_source": is_from_source, "chapters": to_json(chapters), "changed_at": timezone.now()}
    ChapterList.objects.update_or_create(pk=video_id, defaults=facts)


def forget_found(*, video_id: str) -> None:
    """Remove the chapters of a source that another takes the place of; within the caller's transaction."""
    ChapterList.objects.filter(pk=video_id, is_from_source=True).delete()
