"""The second phase of deleting: the bytes of every tombstone, then its row. Can be repeated at any point.

What a writer stored that had slept through even that is looked for later, by the names of what was deleted: a store is
never searched for what no row names, for the rows may be those of an older backup.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import states
from videos.catalog.legal_holds import require_not_held
from videos.catalog.models import PurgedVideo, Video
from videos.catalog.services import hold_video
from videos.catalog.source_keys import destroy_source_keys
from videos.catalog.sources import remove_noted
from videos.catalog.trail import note_deed

log = structlog.get_logger(__name__)
BATCH = 50
# How long after a video is gone, and then after each visit, its folders are emptied once more.
VISITS_AFTER = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
RETRY_AFTER = timedelta(minutes=10)
GRACE = timedelta(seconds=60)  # an encode or upload that was under way has noticed by then


def purge_deleted(*, now: datetime | None = None) -> int:
    """Remove the objects and rows of tombstones older than the grace; returns how many videos are gone.

    A store or a database that fails leaves the tombstone for the next sweep.
    """
    purged = 0
    before = (now or timezone.now()) - GRACE
    tombstones = Video.objects.filter(status=states.DELETING, deleted_at__lte=before, legal_hold=False)
    # In any order: those that always fail would stand at the head of every other, and hold up the rest.
    for video in tombstones.order_by("?")[:BATCH]:
        # Once more: a hold may have come while the others were removed, and this process may have slept for an hour.
        if not tombstones.filter(pk=video.pk).exists():
            continue
        try:
            purge_objects(project_id=video.project_id, video_id=video.pk)
        except storage.StorageFault as fault:
            log.warning("purge_postponed", video_id=video.pk, error=fault.facts.get("error", ""))
            continue
        try:
            if not _purge_row(video.pk, video.project_id, now or timezone.now()):
                continue
        except DatabaseError as error:
            log.warning("purge_postponed", video_id=video.pk, error=str(error))
            continue
        purged += 1
        log.info("video_purged", video_id=video.pk)
    return purged


def purge_early(video: Video) -> bool:
    """Remove a tombstone's objects and its row before the grace has ended, and record who did; False where others were faster.

    What a writer stores that was still under way is looked for by `revisit_purged`.

    Raises: VideoHeldLegally, StorageFault.
    """
    require_not_held(video)
    purge_objects(project_id=video.project_id, video_id=video.pk)
    return _purge_early_row(video.pk)


@atomic
def _purge_early_row(video_id: str) -> bool:
    hold_video(video_id=video_id)
    video = Video.objects.filter(pk=video_id).first()
    if video is None:
        return False
    require_not_held(video)
    note_deed("video.purged", video, {"stored_bytes": video.stored_bytes})
    return _purge_row(video.pk, video.project_id, timezone.now())


@atomic
def _purge_row(video_id: str, project_id: str, now: datetime) -> bool:
    """False, and no change, where a legal hold has come since it was looked up."""
    # First the video, then what is below it: the order in which everyone locks.
    hold_video(video_id=video_id)
    if Video.objects.filter(pk=video_id, legal_hold=True).exists():
        return False
    destroy_source_keys(video_id=video_id)  # once more: a late writer may have made one
    visit = {"project_id": project_id, "visits": 0, "next_visit_at": now + VISITS_AFTER[0]}
    PurgedVideo.objects.update_or_create(video_id=video_id, defaults=visit)
    Video.objects.filter(pk=video_id).delete()
    return True


def revisit_purged(*, now: datetime | None = None) -> int:
    """Remove what came late for videos that are gone; returns how many were visited.

    A store that fails leaves the visit for later.
    """
    now = now or timezone.now()
    visited = 0
    due = PurgedVideo.objects.filter(next_visit_at__lte=now)
    for purged in due.order_by("next_visit_at")[:BATCH]:
        if _is_back(purged):
            continue
        try:
            purge_objects(project_id=purged.project_id, video_id=purged.video_id)
        except storage.StorageFault as fault:
            log.warning("revisit_postponed", video_id=purged.video_id, error=fault.facts.get("error", ""))
            # Later, and not at the head of the queue: those that always fail would hold up all others.
            PurgedVideo.objects.filter(pk=purged.pk).update(next_visit_at=now + RETRY_AFTER)
            continue
        _note_visit(purged, now)
        visited += 1
    return visited


@atomic
def _is_back(purged: PurgedVideo) -> bool:
    """Tell whether a video has its row again, as somebody put back by hand; then it is not gone, and what it has is its own."""
    hold_video(video_id=purged.video_id)
    if not Video.objects.filter(pk=purged.video_id).exclude(status=states.DELETING).exists():
        return False
    PurgedVideo.objects.filter(pk=purged.pk).delete()
    log.warning("purged_video_is_back", video_id=purged.video_id)
    return True


def _note_visit(purged: PurgedVideo, now: datetime) -> None:
    destroy_source_keys(video_id=purged.video_id)
    present = PurgedVideo.objects.filter(pk=purged.pk, visits=purged.visits)
    visits = purged.visits + 1
    if visits < len(VISITS_AFTER):
        present.update(visits=visits, next_visit_at=now + VISITS_AFTER[visits])
    else:
        present.delete()


def purge_objects(*, project_id: str, video_id: str) -> None:
    """Remove every object that a video owns.

    Raises: StorageFault.
    """
    storage.delete_folder(layout.sources_folder(project_id, video_id))
    storage.delete_folder(layout.video_folder(project_id, video_id))
    storage.delete_folder(layout.tracks_folder(project_id, video_id))
    remove_noted(video_id=video_id)
