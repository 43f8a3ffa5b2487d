"""Receiving a source: checked before, counted and hashed while it streams, visible only when whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, connection
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, InvalidTransition, NoSpace
from gilfoyle.lib.reservations import REGISTRY, promised_bytes
from gilfoyle.lib.transactions import atomic
from videos import layout, metrics
from videos.access.freezes import require_not_frozen
from videos.access.models import Project
from videos.access.quotas import require_upload
from videos.audit.services import record
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.catalog.source_keys import destroy_key, prepare_key
from videos.catalog.sources import forget_removal, note_removal
from videos.catalog.stored_sources import store_source
from videos.errors import ProjectSuspended, SourceTooLarge, UploadIncomplete, UploadTakenOver
from videos.uploads import states
from videos.uploads.abandoned import is_needed, without_needed
from videos.uploads.arrivals import note_arrival
from videos.uploads.leftovers import note_leftovers, remove_parts
from videos.uploads.models import Upload
from videos.uploads.whole_hash import require_whole_hash
from videos.usage.tally import note_begun

log = structlog.get_logger(__name__)
PIECE_BYTES = 1024 * 1024
Read = Callable[[int], bytes]
FINISH_TRIES = 3
SYNC_LEASES = 10
PAUSE_S = 1.0
REMEMBERED = timedelta(days=1)


@dataclass(slots=True)
class _Received:
    size_bytes: int
    sha256: str
    is_sealed: bool


class _Lease:
    """What an upload holds while its bytes arrive: renewed in time, and kept through a database's bad moments."""

    def __init__(self, upload: Upload, length: timedelta) -> None:
        self.upload, self.ends_at, self._length = upload, upload.lease_expires_at, length
        self.length_bytes = upload.length_bytes or 0
        self._renew_at = timezone.now() + length / 4

    def keep(self, offset_bytes: int) -> None:
        """Renew the lease where it is time.

        Raises: UploadTakenOver, ProjectSuspended; the database's error once the lease has run out over it.
        """
        now = timezone.now()
        is_whole = offset_bytes == self.length_bytes
        if now < self._renew_at and not is_whole:
            return
        self._renew_at = now + self._length / 4
        # Whole, it is still to be brought to the disk, which for a large file on a slow one takes minutes.
        until = now + self._length * (SYNC_LEASES if is_whole else 1)
        try:
            _renew(upload=self.upload, offset_bytes=offset_bytes, until=until)
            self.ends_at = until
        except Error as error:
            _reconnect(error, upload=self.upload)
            if timezone.now() >= self.ends_at:
                raise


def receive_source(
    *,
    video: Video,
    length_bytes: int,
    read: Read,
    config: Config,
    sha256: str | None = None,
    api_key_id: str | None = None,
) -> Upload:
    """Stream a whole source into storage in constant memory, then hand it to processing.

    `read(n)` returns up to n bytes, and nothing at the end; `sha256` is what the file must have, where that is known;
    the key's limits count, and
    without one it comes from this machine. Whatever goes wrong, the video is as before.

    Raises: SourceTooLarge, NoSpace, QuotaExceeded, TooManyUploads, SourceExists, UploadInProgress, UploadIncomplete,
    UploadTakenOver, ProjectSuspended, StorageFault.
    """
    require_room(length_bytes=length_bytes, config=config)
    length = timedelta(seconds=config.upload.lease_s)
    upload = _begin(
        video=video, length_bytes=length_bytes, lease=length, api_key_id=api_key_id, config=config
    )
    name = layout.source_name(video.project_id, video.pk, upload.pk)
    lease = _Lease(upload, length)
    try:
        # Once more, now that uploads which begin at the same moment see each other.
        require_room(length_bytes=length_bytes, config=config, besides=upload)
        key = prepare_key(name=name, video_id=video.pk, config=config)
        received = _stream(lease=lease, name=name, read=read, sha256=sha256, key=key)
        _finish(lease=lease, received=received)
    except BaseException as error:
        # BaseException: also when the server is told to stop, the half-done upload is taken back.
        _take_back(upload=upload, name=name, why=code_of(error))
        if isinstance(error, InvalidTransition):
            message = "The video was deleted while its source arrived."
            raise UploadTakenOver(message) from error
        raise
    log.info("source_received", video_id=video.pk, size_bytes=received.size_bytes)
    upload.refresh_from_db()
    return upload


def require_room(*, length_bytes: int, config: Config, besides: Upload | None = None) -> None:
    """Refuse a source that is too large for the limits or for the disk, before the first byte.

    What uploads under way, and running steps of this machine, will still take is taken already; `besides` is the
    upload whose room is asked for.

    Raises: SourceTooLarge, NoSpace.
    """
    largest = int(config.upload.max_size_bytes)
    if length_bytes > largest:
        message = f"The file has {length_bytes} bytes; the largest accepted here is {largest}."
        raise SourceTooLarge(
            message, hint="Send a smaller file, or ask the operator to raise upload.max_size_bytes."
        )
    free, media = storage.free_bytes("sources"), storage.local_path("sources")
    if free is None or media is None:
        return
    others = Upload.objects.filter(status=states.RECEIVING).exclude(pk=besides.pk if besides else "")
    promised = others.aggregate(left=Sum(F("length_bytes") - F("offset_bytes")))["left"] or 0
    promised += promised_bytes(config.server.data_dir / REGISTRY, media)
    if free - promised - length_bytes < int(config.storage.reserve_bytes):
        message = "There is no room left for this file."
        raise NoSpace(message, hint="Try again later, or ask the operator for more space.")


@atomic
def _begin(
    *, video: Video, length_bytes: int, lease: timedelta, api_key_id: str | None, config: Config
) -> Upload:
    catalog.hold_video(video_id=video.pk)
    now = timezone.now()
    for stale in Upload.objects.filter(video=video, status=states.RECEIVING, lease_expires_at__lt=now):
        # Its client may come back at once; whoever still writes for it can neither renew nor finish any more.
        if abort_upload(upload=stale, stale_at=now, why=states.REPLACED):
            after_commit(discard_bytes, stale)
            log.info("upload_taken_over", upload_id=stale.pk, video_id=video.pk)
    catalog.begin_receiving(video_id=video.pk)
    require_upload(
        project_id=video.project_id, api_key_id=api_key_id or "", asked_bytes=length_bytes, config=config
    )
    note_begun(video, api_key_id=api_key_id or "")
    return Upload.objects.create(
        project_id=video.project_id,
        video=video,
        length_bytes=length_bytes,
        reserved_bytes=length_bytes,
        lease_expires_at=timezone.now() + lease,
        api_key_id=api_key_id,
        way=states.COMMAND if api_key_id is None else states.PUT,
    )


def _stream(*, lease: _Lease, name: str, read: Read, sha256: str | None, key: bytes | None) -> _Received:
    digest, length_bytes = hashlib.sha256(), lease.length_bytes
    received = _Received(0, "", key is not None)

    def pieces() -> Iterator[bytes]:
        while received.size_bytes < length_bytes:
            piece = _read(read, length_bytes, received.size_bytes)
            digest.update(piece)
            received.size_bytes += len(piece)
            yield piece
            lease.keep(received.size_bytes)
        require_whole_hash(digest.hexdigest(), sha256)  # here, so that another file never gets its name

    store_source(name, pieces(), key=key)
    received.sha256 = digest.hexdigest()
    return received


def _read(read: Read, length_bytes: int, offset_bytes: int) -> bytes:
    try:
        piece = read(min(PIECE_BYTES, length_bytes - offset_bytes))
    except OSError as error:  # how a broken connection shows
        log.info("upload_broke", error=str(error))
        piece = b""
    if not piece:
        message = f"Only {offset_bytes} of {length_bytes} bytes arrived; nothing was kept."
        raise UploadIncomplete(message, hint="Send the whole file again.")
    return piece


def _reconnect(error: Error, *, upload: Upload) -> None:
    """Drop the connection that failed, so that the next query opens another."""
    log.warning("upload_database_failed", upload_id=upload.pk, error=str(error))
    connection.close()


def _renew(*, upload: Upload, offset_bytes: int, until: datetime) -> None:
    if Project.objects.filter(videos=upload.video_id).exclude(suspended_at=None).exists():
        message = "This project is suspended."
        raise ProjectSuspended(message, hint="Ask the operator of this server.")
    if upload.video is not None:
        require_not_frozen(
            project_id=upload.video.project_id,
            api_key_id=upload.api_key_id,
            creator_id=upload.video.creator_id,
        )
    mine = Upload.objects.filter(pk=upload.pk, status=states.RECEIVING)
    if not mine.update(offset_bytes=offset_bytes, lease_expires_at=until):
        message = "This upload was given up, or the video was deleted."
        raise UploadTakenOver(message, hint="Start again.")


def _finish(*, lease: _Lease, received: _Received) -> None:
    """Hand the source over; while the lease lasts, a database that fails is asked again."""
    for is_last in (False,) * (FINISH_TRIES - 1) + (True,):
        try:
            _record(upload=lease.upload, received=received)
        except Error as error:
            _reconnect(error, upload=lease.upload)
            if is_last or timezone.now() >= lease.ends_at:
                raise
            time.sleep(PAUSE_S)
        else:
            return


@atomic
def _record(*, upload: Upload, received: _Received) -> None:
    video_id = upload.video_id or ""
    catalog.hold_video(video_id=video_id)
    if _move(
        Upload.objects.filter(pk=upload.pk),
        states.FINISHED,
        offset_bytes=received.size_bytes,
        sha256=received.sha256,
    ):
        catalog.accept_source(
            video_id=video_id,
            upload_id=upload.pk,
            size_bytes=received.size_bytes,
            sha256=received.sha256,
            is_sealed=received.is_sealed,
        )
        note_arrival(upload)
    elif not _is_finished(upload):  # else an earlier try had come through, and only its answer was lost
        message = "This upload was given up, or the video was deleted."
        raise UploadTakenOver(message, hint="Start again.")


def _move(uploads: QuerySet[Upload], wanted: str, **changes: Any) -> bool:
    """End uploads whose present status may become `wanted`; False where none was left to end."""
    allowed = uploads.filter(status__in=states.leading_to(wanted))
    return bool(allowed.update(status=wanted, finished_at=timezone.now(), **changes))


def _is_finished(upload: Upload) -> bool:
    return Upload.objects.filter(pk=upload.pk, status=states.FINISHED).exists()


def _take_back(*, upload: Upload, name: str, why: str) -> None:
    """Undo an upload that did not arrive; where the database is away, the sweep does it once the lease is over."""
    try:
        if _is_finished(upload):
            return
        # Asked again: a commit whose answer was lost may have come through only now.
        if abort_upload(upload=upload, why=why) or not _is_finished(upload):
            destroy_key(name)
            storage.delete(name)
    except Error as error:
        _reconnect(error, upload=upload)


def code_of(error: BaseException) -> str:
    """Return what an upload is noted to have ended by."""
    if isinstance(error, InvalidTransition):
        return states.VIDEO_DELETED
    return error.code if isinstance(error, GilfoyleError) else states.STOPPED


@atomic
def abort_upload(*, upload: Upload, why: str, stale_at: datetime | None = None) -> bool:
    """End an upload that will not arrive; the video awaits another. False, and no change, where it has ended.

    With `stale_at` also where its lease still holds at that time, somebody is at it, or it is all there.
    """
    if upload.video_id is not None:
        catalog.hold_video(video_id=upload.video_id)
    mine = Upload.objects.filter(pk=upload.pk)
    if stale_at is not None:
        if is_needed(upload):
            return False
        mine = without_needed(mine, stale_at)
    if not _move(mine, states.ABORTED, ended_code=why):
        return False
    after_commit(metrics.UPLOADS.add, metrics.ABORTED)
    after_commit(metrics.UPLOAD_ABORTS.add, why)
    if upload.kind == states.DIRECT:
        note_leftovers(upload_id=upload.pk)
    if upload.kind != states.PARTIAL and upload.video_id is not None:
        catalog.stop_receiving(video_id=upload.video_id)
    if why == states.STOPPED:
        project_id = upload.project_id or (upload.video.project_id if upload.video else "")
        record("upload.stopped", object_type="upload", object_id=upload.pk, project_id=project_id)
    return True


def remove_bytes(upload: Upload) -> None:
    """Remove what has arrived of an upload, whatever its kind; no fault where there is nothing.

    Raises: StorageFault.
    """
    if upload.kind != states.SINGLE and upload.project_id is not None:
        folder = layout.upload_folder(upload.project_id, upload.pk)
        destroy_key(folder + "/")
        storage.delete_folder(folder)
    if upload.video is not None and upload.status != states.FINISHED:
        name = layout.source_name(upload.video.project_id, upload.video.pk, upload.pk)
        destroy_key(name)
        storage.delete(name)
    if upload.kind == states.DIRECT:
        remove_parts(upload_id=upload.pk)


def note_bytes(upload: Upload) -> list[str]:
    """Let the sweep remove what has arrived of an upload that was ended; returns the names by which it is noted."""
    names: list[str] = []
    if upload.kind == states.DIRECT:  # noted as it was ended
        return names
    if upload.kind != states.SINGLE and upload.project_id is not None:
        names.append(layout.upload_folder(upload.project_id, upload.pk) + "/")
    if upload.video is not None:
        names.append(layout.source_name(upload.video.project_id, upload.video.pk, upload.pk))
    note_removal(names, video_id=upload.video_id or "")
    return names


def discard_bytes(upload: Upload) -> None:
    """Remove what has arrived of an upload that was ended. A store that fails stops nobody: the sweep asks it again."""
    names = note_bytes(upload)
    try:
        remove_bytes(upload)
    except GilfoyleError as error:
        log.warning("upload_bytes_not_removed", upload_id=upload.pk, code=error.code)
    else:
        forget_removal(names)


def release_stale_uploads(*, now: datetime | None = None) -> int:
    """Abort uploads whose lease has run out before they were whole, such as those of a killed process; returns how many."""
    now = now or timezone.now()
    stale = without_needed(Upload.objects.filter(status=states.RECEIVING), now)
    released = 0
    for upload in stale.select_related("video"):
        try:
            if not abort_upload(upload=upload, stale_at=now, why=states.EXPIRED):
                continue  # its parts are all there; or it went on, or even arrived, since it was looked up
            discard_bytes(upload)
        except GilfoyleError as error:
            log.warning("upload_not_released", upload_id=upload.pk, code=error.code)
            continue
        released += 1
        log.info("upload_released", upload_id=upload.pk, video_id=upload.video_id)
    _forget_ended(now)
    return released


def _forget_ended(now: datetime) -> None:
    """Keep no names of people's files for longer than their client may ask after them, and no rows of spent parts."""
    ended = Upload.objects.filter(
        status__in=(states.FINISHED, states.ABORTED)
    )  # by the index, which `not` is not
    just_over = ended.filter(lease_expires_at__lt=now, lease_expires_at__gt=now - REMEMBERED)
    just_over.exclude(metadata="").update(metadata="")
    # Parts belong to no video, with which their rows would go.
    ended.filter(kind=states.PARTIAL, lease_expires_at__lt=now - REMEMBERED).delete()
