"""The parts of a direct upload become one object, and that its video's source. Can be repeated from any point.

Whether all of it is there, and no more, is asked of the store. What takes long (copying in a store that would take late
parts, reading all of it for its SHA-256) is a worker's: see `settling.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib import ids, storage, storage_multiparts
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import InvalidTransition, StaleWork
from gilfoyle.lib.leases import KeptLease
from gilfoyle.lib.queue import send_on_commit
from gilfoyle.lib.storage import ObjectMissing
from gilfoyle.lib.storage_multiparts import Parts, PartsGone, PartsRefused, StoredPart
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import services as catalog
from videos.errors import ProjectSuspended, UploadInProgress, UploadTakenOver, VideoNotFound
from videos.uploads import states
from videos.uploads.arrivals import note_arrival
from videos.uploads.direct import find_direct, give_up, plan_of, upload_of
from videos.uploads.errors import PartsChanged, PartsMissing, PartsTooLarge, UploadExpired
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.permits import Permit, require_still_good
from videos.uploads.services import remove_bytes

log = structlog.get_logger(__name__)
QUEUE = "default"


class Pen(KeptLease):
    """The right to bring one direct upload further."""

    lost_words = "This upload was given up, or another process has taken it."

    def __init__(self, upload_id: str, *, lease_s: float) -> None:
        super().__init__(upload_id, lease_s=lease_s)
        self.owner = ids.random_text(22)

    def take(self) -> bool:
        """Take it where nobody has it."""
        now = timezone.now()
        is_free = Q(writer="") | Q(writer_expires_at__lte=now)
        living = Upload.objects.filter(is_free, pk=self.name).exclude(status=states.ABORTED)
        return bool(living.update(writer=self.owner, writer_expires_at=self._until()))

    def renew(self) -> bool:
        mine = Upload.objects.filter(pk=self.name, writer=self.owner).exclude(status=states.ABORTED)
        return bool(mine.update(writer_expires_at=self._until()))

    def let_go(self) -> None:
        """Let others have it."""
        Upload.objects.filter(pk=self.name, writer=self.owner).update(writer="", writer_expires_at=None)

    def _until(self) -> object:
        return timezone.now() + timedelta(seconds=self.lease_s)


def complete_direct(
    *, permit: Permit, upload_id: str, named: Mapping[int, str] | None, config: Config
) -> DirectUpload:
    """Put an upload's parts together; `named` are the entity tags that its client has seen, where it tells them.

    Where nothing is left to look at it is the video's source at once, else a worker looks. A second time changes nothing.

    Raises: UploadNotFound, UploadExpired, UploadInProgress, PartsMissing, PartsTooLarge, PartsChanged, UploadTakenOver,
    StorageFault; as `require_still_good`.
    """
    direct = find_direct(permit=permit, upload_id=upload_id)
    require_still_good(permit, video_id=upload_of(direct).video_id)
    if upload_of(direct).status == states.FINISHED or direct.is_stored:
        return direct
    pen = Pen(upload_id, lease_s=config.upload.lease_s)
    if not pen.take():
        message = "This upload is being completed."
        raise UploadInProgress(message, hint="Ask in a moment how far it is.")
    try:
        direct = find_direct(permit=permit, upload_id=upload_id)
        if upload_of(direct).status == states.FINISHED or direct.is_stored:
            return direct  # another request came through before this one had the pen
        with pen.held():
            join(direct, pen, named=named, config=config)
            if not (direct.is_staged or direct.wanted_sha256):
                accept(direct, pen, sha256="")
    except StaleWork as error:
        raise _taken_over() from error
    finally:
        pen.let_go()
        clear_if_given_up(upload_id)
        nudge(upload_id)
    return find_direct(permit=permit, upload_id=upload_id)


def clear_if_given_up(upload_id: str) -> None:
    """Remove what was stored although the upload had been given up and emptied before.

    Raises: StorageFault.
    """
    for upload in Upload.objects.filter(pk=upload_id, status=states.ABORTED).select_related("video"):
        remove_bytes(upload)


def nudge(upload_id: str) -> None:
    """Tell a worker of an upload, where there is something left to do for it."""
    unsettled = DirectUpload.objects.filter(upload_id=upload_id, is_stored=True, is_settled=False)
    if unsettled.update(nudged_at=timezone.now()):
        send_on_commit("settle_upload", queue=QUEUE, upload_id=upload_id)


def join(direct: DirectUpload, pen: Pen, *, named: Mapping[int, str] | None, config: Config) -> None:
    """Make one object of the parts, if they are the file that was announced.

    Raises: PartsMissing, PartsTooLarge, PartsChanged, UploadExpired, UploadTakenOver, StaleWork, StorageFault.
    """
    try:
        _join_in_store(direct, pen, named, config)
        pen.check()
    except (PartsMissing, PartsChanged):  # nothing has changed: its client may send what is not there
        DirectUpload.objects.filter(pk=direct.pk).update(is_joining=False)
        raise
    except PartsTooLarge as error:
        give_up(direct, why=error.code)
        raise
    _record_stored(direct, pen, config)


def _join_in_store(direct: DirectUpload, pen: Pen, named: Mapping[int, str] | None, config: Config) -> None:
    parts = Parts(direct.name, direct.store_id)
    try:
        stored = storage_multiparts.list_parts(parts)
        plan_of(direct).require_all({part.number: part.size_bytes for part in stored})
        _require_named(stored, named)
        _note_joining(direct, pen, named, config)
        storage_multiparts.join_parts(parts, stored)
    except PartsGone:
        pass  # an earlier try may have come through: what is there tells
    except PartsRefused as error:
        message = "A part changed while the parts were put together."
        raise PartsChanged(
            message, hint="Look at the parts that are there, and complete it again."
        ) from error
    _require_whole(direct)


@atomic
def _note_joining(direct: DirectUpload, pen: Pen, named: Mapping[int, str] | None, config: Config) -> None:
    """Let a worker put the parts together from now on, these and no others, if nobody else does.

    Its client was in time, whenever its address expires. Raises: UploadTakenOver.
    """
    mine = Upload.objects.filter(pk=direct.upload_id, writer=pen.owner, status=states.RECEIVING)
    if not mine.update(lease_expires_at=timezone.now() + timedelta(seconds=config.upload.expiry_s)):
        raise _taken_over()
    as_named = None if named is None else sorted(named.items())
    DirectUpload.objects.filter(pk=direct.pk).update(is_joining=True, named=as_named)


def _require_named(stored: list[StoredPart], named: Mapping[int, str] | None) -> None:
    """Raises: PartsChanged where the client has seen other parts than are there."""
    if named is None:
        return
    found = {part.number: part.etag.strip('"').lower() for part in stored}
    if found != {number: etag.strip('"').lower() for number, etag in named.items()}:
        message = "The parts that are there are not those that were named."
        raise PartsChanged(
            message, hint="Look at the parts that are there, and send those again that differ."
        )


def _require_whole(direct: DirectUpload) -> None:
    """Look at the object itself, whatever was said of its parts.

    Raises: UploadExpired, PartsTooLarge.
    """
    upload = upload_of(direct)
    try:
        size_bytes = storage.size_of(direct.name)
    except ObjectMissing:
        give_up(direct, why=states.EXPIRED)
        message = "What was sent is not there any more."
        raise UploadExpired(message, hint="Start a new upload.") from None
    if size_bytes != upload.length_bytes:
        message = (
            f"The file has {size_bytes} bytes, and {upload.length_bytes} were announced; it was removed."
        )
        raise PartsTooLarge(message, hint="Start a new upload with the size that the file has.")


@atomic
def _record_stored(direct: DirectUpload, pen: Pen, config: Config) -> None:
    upload = upload_of(direct)
    lease_expires_at = timezone.now() + timedelta(seconds=config.upload.expiry_s)  # whatever its address's is
    mine = Upload.objects.filter(pk=upload.pk, writer=pen.owner, status=states.RECEIVING)
    if not mine.update(offset_bytes=upload.length_bytes, lease_expires_at=lease_expires_at):
        raise _taken_over()
    DirectUpload.objects.filter(pk=direct.pk).update(is_stored=True, named=None)
    direct.is_stored = True


def accept(direct: DirectUpload, pen: Pen, *, sha256: str) -> None:
    """Let what is stored be the source of its video; `sha256` where it is known already.

    Raises: ProjectSuspended, UploadTakenOver.
    """
    try:
        _accept(direct, pen, sha256)
    except (InvalidTransition, VideoNotFound) as error:
        give_up(direct, why=states.VIDEO_DELETED)
        message = "The video was deleted while its source arrived."
        raise UploadTakenOver(message) from error
    upload = upload_of(direct)
    log.info("source_received", video_id=upload.video_id, size_bytes=upload.length_bytes, kind=states.DIRECT)


@atomic
def _accept(direct: DirectUpload, pen: Pen, sha256: str) -> None:
    upload = upload_of(direct)
    video_id, length_bytes, now = upload.video_id or "", upload.length_bytes or 0, timezone.now()
    catalog.hold_video(video_id=video_id)
    if upload.project is None or upload.project.is_suspended:
        message = "This project is suspended."
        raise ProjectSuspended(message, hint="Ask the operator of this server.")
    mine = Upload.objects.filter(pk=upload.pk, writer=pen.owner, status=states.RECEIVING)
    if not mine.update(status=states.FINISHED, sha256=sha256, finished_at=now):
        raise _taken_over()
    upload.status = states.FINISHED
    catalog.accept_source(
        video_id=video_id,
        upload_id=upload.pk,
        size_bytes=length_bytes,
        sha256=sha256,
        limits=upload.grant.limits if upload.grant else {},
    )
    note_arrival(upload)
    DirectUpload.objects.filter(pk=direct.pk).update(
        is_settled=bool(sha256), remove_at=now if direct.is_staged else None
    )


def source_name_of(upload: Upload) -> str:
    """Return the name of the source that an upload becomes."""
    return layout.source_name(upload.project_id or "", upload.video_id or "", upload.pk)


def _taken_over() -> UploadTakenOver:
    return UploadTakenOver("This upload was given up, or the video was deleted.", hint="Start again.")
