"""Deleted videos whose files are to go now, by hand: which may, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.lib.ids import is_id
from gilfoyle.stores.errors import VideoNotDeleted
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog import states
from videos.catalog.legal_holds import require_not_held
from videos.catalog.models import PurgedVideo, Video
from videos.catalog.purge import purge_early, purge_objects
from videos.catalog.services import delete_video
from videos.errors import VideoNotFound


@dataclass(frozen=True, slots=True)
class Doomed:
    """What is to go of a video. `video` None: its row is gone, and only what came late is looked for."""

    video_id: str
    project_id: str
    size_bytes: int = 0
    video: Video | None = None
    is_deleted: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """A video that stays, and why."""

    video_id: str
    error: Refusal | Fault


def choose(video_ids: Sequence[str], *, delete_first: bool) -> tuple[list[Doomed], list[Kept]]:
    """Return which of the videos can be purged, and why the others can't; each once."""
    doomed: list[Doomed] = []
    kept: list[Kept] = []
    for video_id in dict.fromkeys(video_ids):
        try:
            doomed.append(find_doomed(video_id, delete_first=delete_first))
        except Refusal as refusal:
            kept.append(Kept(video_id, refusal))
    return doomed, kept


def find_doomed(video_id: str, *, delete_first: bool) -> Doomed:
    """Return what can be purged of a video.

    Raises: VideoNotFound, VideoHeldLegally; VideoNotDeleted without `delete_first`.
    """
    videos = Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS)
    video = videos.filter(pk=video_id).first() if is_id(video_id) else None
    if video is None:
        gone = PurgedVideo.objects.filter(pk=video_id).first() if is_id(video_id) else None
        if gone is None:
            message = "There is no such video."
            raise VideoNotFound(message, hint="One that was purged more than a week ago is forgotten.")
        return Doomed(gone.video_id, gone.project_id)
    require_not_held(video)
    is_deleted = video.status == states.DELETING
    if not is_deleted and not delete_first:
        message = "This video isn't deleted."
        raise VideoNotDeleted(message, hint="Delete it first, or say --delete-first.")
    return Doomed(video.pk, video.project_id, video.stored_bytes, video, is_deleted)


def purge(doomed: Doomed, *, delete_first: bool) -> None:
    """Remove all of a video now, as it is by now: a hold may have come since it was chosen.

    Raises: VideoNotFound, VideoHeldLegally, VideoNotDeleted, StorageFault.
    """
    now = find_doomed(doomed.video_id, delete_first=delete_first)
    if now.video is None:
        purge_objects(project_id=now.project_id, video_id=now.video_id)
        return
    if not now.is_deleted:
        delete_video(video=now.video)
    purge_early(now.video)
