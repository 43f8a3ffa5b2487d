"""Receiving a source: checked before, counted and hashed while it streams, visible only when whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, InvalidTransition, NoSpace
from videos import layout
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.errors import ProjectSuspended, SourceTooLarge, UploadIncomplete, UploadTakenOver
from videos.uploads import states
from videos.uploads.models import Upload

log = structlog.get_logger(__name__)
PIECE_BYTES = 1024 * 1024
Read = Callable[[int], bytes]


@dataclass(slots=True)
class _Received:
    size_bytes: int
    sha256: str


def receive_source(*, video: Video, length_bytes: int, read: Read, config: Config) -> Upload:
    """Stream a whole source into storage in constant memory, then hand it to processing.

    `read(n)` returns up to n bytes, and nothing at the end. Whatever goes wrong, the video is as before.

    Raises: SourceTooLarge, NoSpace, SourceExists, UploadInProgress, UploadIncomplete, UploadTakenOver,
    ProjectSuspended, StorageFault.
    """
    require_room(length_bytes=length_bytes, config=config)
    lease = timedelta(seconds=config.upload.lease_s)
    upload = _begin(video=video, length_bytes=length_bytes, lease=lease)
    name = layout.source_name(video.project_id, video.pk, upload.pk)
    try:
        received = _stream(upload=upload, name=name, read=read, lease=lease)
        _finish(upload=upload, received=received)
    except BaseException as error:
        # BaseException: also when the server is told to stop, the half-done upload is taken back.
        if not _is_finished(upload):
            abort_upload(upload=upload)
            storage.delete(name)
        if isinstance(error, InvalidTransition):
            message = "The video was deleted while its source arrived."
            raise UploadTakenOver(message) from error
        raise
    log.info("source_received", video_id=video.pk, size_bytes=received.size_bytes)
    upload.refresh_from_db()
    return upload


def require_room(*, length_bytes: int, config: Config) -> None:
    """Refuse a source that is too large for the limits or for the disk, before the first byte.

    Raises: SourceTooLarge, NoSpace.
    """
    largest = int(config.upload.max_size_bytes)
    if length_bytes > largest:
        message = f"The file has {length_bytes} bytes; the largest accepted here is {largest}."
        raise SourceTooLarge(
            message, hint="Send a smaller file, or ask the operator to raise upload.max_size_bytes."
        )
    free = storage.free_bytes()
    if free is not None and free - length_bytes < int(config.storage.reserve_bytes):
        message = "There is no room left for this file."
        raise NoSpace(message, hint="Try again later, or ask the operator for more space.")


@transaction.atomic
def _begin(*, video: Video, length_bytes: int, lease: timedelta) -> Upload:
    catalog.begin_receiving(video_id=video.pk)
    return Upload.objects.create(
        video=video, length_bytes=length_bytes, lease_expires_at=timezone.now() + lease
    )


def _stream(*, upload: Upload, name: str, read: Read, lease: timedelta) -> _Received:
    digest = hashlib.sha256()
    received = _Received(0, "")

    def pieces() -> Iterator[bytes]:
        renew_at = timezone.now() + lease / 4
        while received.size_bytes < upload.length_bytes:
            piece = _read(read, upload.length_bytes, received.size_bytes)
            digest.update(piece)
            received.size_bytes += len(piece)
            yield piece
            now = timezone.now()
            if now >= renew_at:
                _renew(upload=upload, offset_bytes=received.size_bytes, until=now + lease)
                renew_at = now + lease / 4

    storage.save_stream(name, pieces())
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


def _renew(*, upload: Upload, offset_bytes: int, until: datetime) -> None:
    if Project.objects.filter(videos=upload.video_id).exclude(suspended_at=None).exists():
        message = "This project is suspended."
        raise ProjectSuspended(message, hint="Ask the operator of this server.")
    mine = Upload.objects.filter(pk=upload.pk, status=states.RECEIVING)
    if not mine.update(offset_bytes=offset_bytes, lease_expires_at=until):
        message = "This upload was given up, or the video was deleted."
        raise UploadTakenOver(message, hint="Start again.")


@transaction.atomic
def _finish(*, upload: Upload, received: _Received) -> None:
    finished = Upload.objects.filter(pk=upload.pk, status=states.RECEIVING).update(
        status=states.FINISHED,
        offset_bytes=received.size_bytes,
        sha256=received.sha256,
        finished_at=timezone.now(),
    )
    if not finished:
        message = "This upload was given up, or the video was deleted."
        raise UploadTakenOver(message, hint="Start again.")
    catalog.accept_source(
        video_id=upload.video_id, upload_id=upload.pk, size_bytes=received.size_bytes, sha256=received.sha256
    )


def _is_finished(upload: Upload) -> bool:
    return Upload.objects.filter(pk=upload.pk, status=states.FINISHED).exists()


@transaction.atomic
def abort_upload(*, upload: Upload, stale_at: datetime | None = None) -> bool:
    """End an upload that will not arrive; the video awaits another. False, and no change, where it has ended.

    With `stale_at` also where its lease still holds at that time.
    """
    under_way = Upload.objects.filter(pk=upload.pk, status=states.RECEIVING)
    if stale_at is not None:
        under_way = under_way.filter(lease_expires_at__lt=stale_at)
    if not under_way.update(status=states.ABORTED, finished_at=timezone.now()):
        return False
    catalog.stop_receiving(video_id=upload.video_id)
    return True


def release_stale_uploads(*, now: datetime | None = None) -> int:
    """Abort uploads whose lease has run out, such as those of a killed process; returns how many."""
    now = now or timezone.now()
    stale = Upload.objects.filter(status=states.RECEIVING, lease_expires_at__lt=now)
    released = 0
    for upload in stale.select_related("video"):
        try:
            if not abort_upload(upload=upload, stale_at=now):
                continue  # it went on, or even arrived, since it was looked up
            storage.delete(layout.source_name(upload.video.project_id, upload.video_id, upload.pk))
        except GilfoyleError as error:
            log.warning("upload_not_released", upload_id=upload.pk, code=error.code)
            continue
        released += 1
        log.info("upload_released", upload_id=upload.pk, video_id=upload.video_id)
    return released
