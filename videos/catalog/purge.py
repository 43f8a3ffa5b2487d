"""The second phase of deleting: the bytes of every tombstone, then its row. Can be repeated at any point."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from gilfoyle.lib import storage
from videos import layout
from videos.catalog import states
from videos.catalog.models import Video
from videos.catalog.services import hold_video

log = structlog.get_logger(__name__)
BATCH = 50
GRACE = timedelta(seconds=60)  # an encode or upload that was under way has noticed by then


def purge_deleted(*, now: datetime | None = None) -> int:
    """Remove the objects and rows of tombstones older than the grace; returns how many videos are gone.

    A store or a database that fails leaves the tombstone for the next sweep.
    """
    purged = 0
    before = (now or timezone.now()) - GRACE
    tombstones = Video.objects.filter(status=states.DELETING, deleted_at__lte=before)
    for video in tombstones.order_by("deleted_at")[:BATCH]:
        try:
            purge_objects(project_id=video.project_id, video_id=video.pk)
        except storage.StorageFault as fault:
            log.warning("purge_postponed", video_id=video.pk, error=fault.facts.get("error", ""))
            continue
        try:
            with transaction.atomic():
                # First the video, then what is below it: the order in which everyone locks.
                hold_video(video_id=video.pk)
                video.delete()
        except DatabaseError as error:
            log.warning("purge_postponed", video_id=video.pk, error=str(error))
            continue
        purged += 1
        log.info("video_purged", video_id=video.pk)
    return purged


def purge_objects(*, project_id: str, video_id: str) -> None:
    """Remove every object that a video owns.

    Raises: StorageFault.
    """
    storage.delete_folder(layout.sources_folder(project_id, video_id))
    storage.delete_folder(layout.video_folder(project_id, video_id))
    storage.delete_folder(layout.tracks_folder(project_id, video_id))
