"""A worker's side of direct uploads: what was put together is copied where it must be, hashed, and accepted or refused.

A file whose client said what it hashes to is no source before that is known; of any other the hash is found while it is
processed already.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.queue import send
from gilfoyle.lib.storage import ObjectMissing, StorageFault
from gilfoyle.lib.transactions import atomic
from videos.access.freezes import frozen_of
from videos.access.models import UploadFreeze
from videos.catalog import services as catalog
from videos.catalog.sources import record_source_hash
from videos.errors import ProjectSuspended, SourceDiffers, UploadsFrozen
from videos.uploads import states
from videos.uploads.direct import give_up, upload_of
from videos.uploads.joining import QUEUE, Pen, accept, clear_if_given_up, join, source_name_of
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.services import abort_upload
from videos.uploads.whole_hash import require_whole_hash

log = structlog.get_logger(__name__)
READ_BYTES = 8 * 1024 * 1024
BATCH = 20
NUDGE_AGAIN_AFTER = timedelta(seconds=30)
TRIED_FOR = timedelta(days=1)


def settle_upload(*, upload_id: str, config: Config) -> bool:
    """Bring a direct upload to its end; False where there is nothing to do, or somebody else is at it.

    What fails is tried again when the sweep finds it.
    """
    direct = DirectUpload.objects.select_related("upload__project", "upload__video", "upload__grant")
    unsettled = direct.filter(upload_id=upload_id, is_joining=True, is_settled=False)
    pen = Pen(upload_id, lease_s=config.upload.lease_s)
    if not unsettled.exists() or not pen.take():
        return False
    found = unsettled.first()  # as it is now that nobody else changes it
    if found is None:
        pen.let_go()
        return False
    try:
        with pen.held():
            _settle(found, pen, config)
    except SourceDiffers as error:
        _refuse(found, error)
    except StaleWork:
        log.warning("upload_settling_given_up", upload_id=upload_id)
        return False
    except GilfoyleError as error:
        log.warning("upload_not_settled", upload_id=upload_id, code=error.code, facts=error.facts)
        return False
    finally:
        pen.let_go()
        clear_if_given_up(upload_id)
    return True


def _settle(direct: DirectUpload, pen: Pen, config: Config) -> None:
    """Raises: SourceDiffers; as `join` and `accept`; StorageFault, StaleWork."""
    upload = upload_of(direct)
    source, sha256 = source_name_of(upload), ""
    if upload.status == states.RECEIVING:
        if not direct.is_stored:  # whoever was at it died
            named = None if direct.named is None else dict(direct.named)
            join(direct, pen, named=named, config=config)
        if direct.is_staged:
            _copy(direct, source)
        if direct.wanted_sha256:
            sha256 = _hash(source, pen)
            require_whole_hash(sha256, direct.wanted_sha256)
        pen.check()
        accept(direct, pen, sha256=sha256)
    if not sha256:
        _hash_accepted(direct, source, pen)


def _copy(direct: DirectUpload, source: str) -> None:
    storage_multiparts.move_within(direct.name, source)
    if storage.size_of(source) != upload_of(direct).length_bytes:
        message = "What was copied of an upload is not what was counted."
        raise StorageFault(message, name=source)


def _hash(name: str, pen: Pen) -> str:
    stored, digest = storage.open_ranges(name), hashlib.sha256()
    for first in range(0, stored.size_bytes, READ_BYTES):
        pen.check()
        digest.update(stored.read(first, min(READ_BYTES, stored.size_bytes - first)))
    return digest.hexdigest()


def _hash_accepted(direct: DirectUpload, source: str, pen: Pen) -> None:
    """Find out the hash of what is a source already."""
    upload = upload_of(direct)
    try:
        sha256 = _hash(source, pen)
    except ObjectMissing:  # replaced or deleted meanwhile
        log.info("source_not_hashed", upload_id=upload.pk, video_id=upload.video_id)
    else:
        Upload.objects.filter(pk=upload.pk).update(sha256=sha256)
        record_source_hash(video_id=upload.video_id or "", upload_id=upload.pk, sha256=sha256)
    DirectUpload.objects.filter(pk=direct.pk).update(is_settled=True)


@atomic
def _refuse(direct: DirectUpload, error: SourceDiffers) -> None:
    """Keep nothing of a file that is another one than was announced, and say so on its video."""
    upload = upload_of(direct)
    if abort_upload(upload=upload, why=error.code):
        catalog.mark_not_received(video_id=upload.video_id or "", code=error.code, message=error.message)
    log.info("source_differs", upload_id=upload.pk, video_id=upload.video_id)


def sweep_direct_uploads(*, now: datetime | None = None) -> int:
    """Stop what may not go on, and tell workers again of what is left to do; returns how many were told of."""
    now = now or timezone.now()
    stop_forbidden(now=now)
    is_free = Q(upload__writer="") | Q(upload__writer_expires_at__lte=now)
    is_due = Q(nudged_at=None) | Q(nudged_at__lte=now - NUDGE_AGAIN_AFTER)
    left = DirectUpload.objects.filter(is_free, is_due, is_joining=True, is_settled=False)
    too_old = Q(upload__finished_at__lte=now - TRIED_FOR)
    DirectUpload.objects.filter(pk__in=left.filter(too_old).values("pk")).update(is_settled=True)
    told = 0
    is_kept = Q(is_stored=True) | Q(upload__lease_expires_at__gt=now)  # what is whole is brought to its end
    for direct in left.filter(is_kept).order_by("pk")[:BATCH]:
        DirectUpload.objects.filter(pk=direct.pk).update(nudged_at=now)
        told += send("settle_upload", queue=QUEUE, upload_id=direct.upload_id or "")
    return told


def _freezes() -> QuerySet[UploadFreeze]:
    """Return the freezes that concern an upload."""
    concerns = Q(target_type="project") | Q(target_type="api_key", target_id=OuterRef("api_key_id"))
    concerns |= Q(target_type="creator", target_id=OuterRef("video__creator_id"))
    return UploadFreeze.objects.filter(concerns, project_id=OuterRef("project_id"))


def _why_forbidden(upload: Upload) -> str:
    if upload.project is not None and upload.project.is_suspended:
        return ProjectSuspended.code
    creator_id = upload.video.creator_id if upload.video is not None else ""
    is_frozen = frozen_of(
        project_id=upload.project_id or "", api_key_id=upload.api_key_id, creator_id=creator_id
    )
    return UploadsFrozen.code if is_frozen else states.REVOKED


def stop_forbidden(*, now: datetime) -> int:
    """Give up uploads whose project was suspended, or whose address or key was taken back; returns how many.

    What was signed for them would else be taken by the store until it expires. A key that merely expires ends only
    what its client had not completed before.
    """
    is_ended = Q(grant__revoked_at__isnull=False) | Q(grant__api_key__revoked_at__isnull=False)
    is_ended |= Q(grant=None, api_key__revoked_at__isnull=False) | Q(grant=None, api_key=None)
    is_ended |= Q(project__suspended_at__isnull=False)
    is_ended |= Q(Exists(_freezes()))
    is_expired = Q(grant__api_key__expires_at__lte=now) | Q(grant=None, api_key__expires_at__lte=now)
    is_ended |= is_expired & Q(direct__is_joining=False)
    is_ended |= Q(grant__isnull=False, grant__api_key=None, grant__given_by=None)
    is_ended |= Q(grant__given_by__is_active=False)
    stopped = 0
    open_uploads = Upload.objects.filter(is_ended, kind=states.DIRECT, status=states.RECEIVING)
    # From what is open, which is few: each direct upload there ever was has its row.
    ended = list(open_uploads.filter(direct__isnull=False).values_list("pk", flat=True)[:BATCH])
    direct_ones = DirectUpload.objects.filter(upload__in=ended)
    for direct in direct_ones.select_related("upload__video", "upload__project"):
        try:
            give_up(direct, why=_why_forbidden(upload_of(direct)))
        except GilfoyleError as error:  # given up it is; the bucket is looked at again
            log.warning("leftovers_not_removed", upload_id=direct.upload_id, code=error.code)
        stopped += 1
        log.info("direct_upload_stopped", upload_id=direct.upload_id)
    return stopped
