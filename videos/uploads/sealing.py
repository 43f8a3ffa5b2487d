"""Sources that their clients sent to the bucket themselves, in the clear, and which no job has encrypted at its end.

A job that failed or was cancelled leaves them as they came. A worker stores them anew, encrypted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import F, QuerySet
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.queue import send
from gilfoyle.lib.transactions import atomic
from videos.catalog import states as video_states
from videos.catalog.services import hold_video
from videos.catalog.source_keys import are_sources_sealed
from videos.catalog.source_sealing import SealedCopy, store_sealed_copy
from videos.catalog.sources import note_removal, replace_source
from videos.uploads import states
from videos.uploads.joining import QUEUE, Pen
from videos.uploads.models import DirectUpload

log = structlog.get_logger(__name__)
BATCH = 5
AGAIN_AFTER = timedelta(minutes=15)


def _left_in_the_clear() -> QuerySet[DirectUpload]:
    """Return the direct uploads whose source lies as it came, and of which no job is at work or to come."""
    return DirectUpload.objects.filter(
        is_settled=True,
        upload__status=states.FINISHED,
        upload__video__status__in=(video_states.FAILED, video_states.READY),
        upload__video__source_upload_id=F("upload_id"),
        upload__video__source_version="",
        upload__video__source_is_sealed=False,
        upload__video__next_revision="",  # one that is being processed again is read for as long as that takes
    )


def nudge_clear_sources(*, config: Config, now: datetime | None = None) -> int:
    """Tell workers of sources that lie in the clear and should not; returns of how many."""
    if not are_sources_sealed(config):
        return 0
    now = now or timezone.now()
    told = 0
    due = _left_in_the_clear().exclude(nudged_at__gt=now - AGAIN_AFTER)
    for direct in due.order_by(F("nudged_at").asc(nulls_first=True))[:BATCH]:
        DirectUpload.objects.filter(pk=direct.pk).update(nudged_at=now)
        told += send("seal_source", queue=QUEUE, upload_id=direct.upload_id or "")
    return told


def seal_source(*, upload_id: str, config: Config) -> bool:
    """Put an encrypted copy in a source's place; False where there is nothing to do, or somebody else is at it.

    What fails is tried again when the sweep finds it.
    """
    pen = Pen(upload_id, lease_s=config.upload.lease_s)
    if not are_sources_sealed(config) or not pen.take():
        return False
    try:
        with pen.held():
            return _seal(upload_id, pen, config)
    except GilfoyleError as error:  # also that it was replaced, or taken up by a job, meanwhile
        log.warning("source_not_sealed", upload_id=upload_id, code=error.code, facts=error.facts)
        return False
    finally:
        pen.let_go()


@atomic
def _put_in_place(upload_id: str, video_id: str, made: SealedCopy) -> None:
    """Raises: StaleWork where a job reads the source by now: it would lose what it does, and encrypts at its own end."""
    hold_video(video_id=video_id)
    if not _left_in_the_clear().filter(upload_id=upload_id).exists():
        message = "This video was taken up by a job, or has another source."
        raise StaleWork(message, video_id=video_id)
    replace_source(
        video_id=video_id,
        by=made.promised,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        report=None,
    )


def _seal(upload_id: str, pen: Pen, config: Config) -> bool:
    direct = _left_in_the_clear().filter(upload_id=upload_id).select_related("upload__video").first()
    if direct is None or direct.upload is None or direct.upload.video is None:
        return False
    video = direct.upload.video
    made = store_sealed_copy(video=video, config=config, heartbeat=pen.check)
    pen.check()
    try:
        _put_in_place(upload_id, video.pk, made)
    except StaleWork:
        note_removal([made.promised.name], video_id=video.pk)
        raise
    log.info("source_sealed", upload_id=upload_id, video_id=video.pk)
    return True
