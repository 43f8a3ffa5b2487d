"""A resumable upload that is all there becomes its video's source. Can be repeated from any point at which it broke off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db.models import F, Q
from django.utils import timezone

from gilfoyle.lib import ids, storage, storage_pieces
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, InvalidTransition, StaleWork
from gilfoyle.lib.sealed_storage import require_stored_as
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.catalog.source_keys import prepare_key
from videos.catalog.sources import (
    READ_ON,
    keep_promised,
    new_version,
    note_removal,
    promise_object,
    remove_spare_sources,
)
from videos.catalog.stored_sources import name_of, store_source
from videos.errors import QuotaExceeded, SourceDiffers, SourceTooLarge, UploadTakenOver, VideoNotFound
from videos.uploads import states, tus
from videos.uploads.abandoned import having_all_parts
from videos.uploads.arrivals import note_arrival
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.piece_keys import find_piece_key, piece_key_name
from videos.uploads.reserving import reserve_beyond_parts
from videos.uploads.services import abort_upload, discard_bytes
from videos.uploads.whole_hash import read_metadata_hash, require_whole_hash

log = structlog.get_logger(__name__)
BATCH = 20
MOST_COUNTED = 32_767
TRIES_AT_ONE_PACE, LONGEST_PAUSE = 10, timedelta(hours=1)
# How long after its upload is whole whoever was taken for dead may still store what nobody needs.
LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stretch of the file: an object, and how much of it counts."""

    name: str
    size_bytes: int
    key: bytes | None


class _Pen:
    """The right to finish an upload, renewed while its bytes are read."""

    def __init__(self, upload: Upload, lease: timedelta) -> None:
        self.upload, self._lease = upload, lease
        self._renew_at = timezone.now() + lease / 4

    def keep(self) -> None:
        """Raises: UploadTakenOver."""
        now = timezone.now()
        if now < self._renew_at:
            return
        self._renew_at = now + self._lease / 4
        mine = Upload.objects.filter(pk=self.upload.pk, writer=self.upload.writer, status=states.RECEIVING)
        if not mine.update(writer_expires_at=now + self._lease):
            raise _taken_over()


def finish_upload(*, upload_id: str, config: Config, writer: str = "", sha256: str | None = None) -> bool:
    """Make the source of a video from what has arrived; `writer` who has the pen already, `sha256` where it is known.

    False, and no change, where it is not all there, is finished, or somebody else is at it.

    Raises: UploadTakenOver where its video is gone; SourceDiffers, SourceTooLarge, QuotaExceeded; NoSpace, StorageFault: then it is tried again later.
    """
    lease = timedelta(seconds=config.upload.lease_s)
    try:
        upload = _take_up(upload_id, writer, lease, config)
    except (SourceTooLarge, QuotaExceeded) as error:  # its parts turned out to be too long
        _give_up(Upload.objects.select_related("video").get(pk=upload_id), error.code)
        raise
    if upload is None or upload.video is None or upload.length_bytes is None:
        return False
    version = _version_of(upload)
    source = layout.source_name(upload.video.project_id, upload.video.pk, upload.pk, version)
    if version:
        promise_object(source, video_id=upload.video.pk)
    try:
        key = prepare_key(name=source, video_id=upload.video.pk, config=config)
        digest = _store(upload, source, _Pen(upload, lease), sha256, key)
        _record(upload, version, digest, config, is_sealed=key is not None)
    except GilfoyleError as error:
        _discard_unused(source, video_id=upload.video.pk)
        _explain(upload, error)
        _pause(upload, lease)
        raise
    log.info("source_received", video_id=upload.video_id, size_bytes=upload.length_bytes)
    return True


def _version_of(upload: Upload) -> str:
    """Return the version under which a try stores the source: never one that another may have stored, or still store.

    Who was taken for dead may wake up. And a database that lost its last commits does not know of a try that went well.

    Raises: StorageFault.
    """
    project_id = upload.video.project_id if upload.video else ""
    first = layout.source_name(project_id, upload.video_id or "", upload.pk)
    return new_version() if upload.finish_tries > 1 or storage.exists(first) else ""


def _discard_unused(source: str, *, video_id: str) -> None:
    """Remove what one try has stored, unless it became the source after all."""
    if _note_unused(source, video_id):
        remove_spare_sources(of=video_id)


@atomic
def _note_unused(source: str, video_id: str) -> bool:
    catalog.hold_video(video_id=video_id)
    video = Video.objects.filter(pk=video_id).first()
    if video is not None and name_of(video) == source:
        return False
    note_removal([source], video_id=video_id)
    return True


def _explain(upload: Upload, error: GilfoyleError) -> None:
    """Raises: UploadTakenOver where another one has the upload, or its video is gone."""
    if isinstance(error, SourceDiffers | SourceTooLarge | QuotaExceeded):
        _give_up(upload, error.code)
    elif isinstance(error, InvalidTransition | VideoNotFound):
        _give_up(upload, states.VIDEO_DELETED)
        message = "The video was deleted while its source arrived."
        raise UploadTakenOver(message) from error
    elif isinstance(error, StaleWork):
        raise _taken_over() from error


def _pause(upload: Upload, lease: timedelta) -> None:
    """Keep the pen of one that has failed for a while: what always fails is not read again each minute, for ever."""
    until = timezone.now() + min(lease * (1 + upload.finish_tries // TRIES_AT_ONE_PACE), LONGEST_PAUSE)
    mine = Upload.objects.filter(pk=upload.pk, writer=upload.writer, status=states.RECEIVING)
    mine.update(writer_expires_at=until)


def _give_up(upload: Upload, why: str) -> None:
    if abort_upload(upload=upload, why=why):
        discard_bytes(upload)


@atomic
def _take_up(upload_id: str, writer: str, lease: timedelta, config: Config) -> Upload | None:
    """Raises: SourceTooLarge, QuotaExceeded."""
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status=states.RECEIVING).first()
    if upload is None or upload.kind not in {states.RESUMABLE, states.FINAL}:
        return None
    is_free = (
        not upload.writer or upload.writer_expires_at is None or upload.writer_expires_at <= timezone.now()
    )
    if not (is_free or upload.writer == writer):
        return None
    if upload.kind == states.FINAL:
        parts = Upload.objects.filter(pk__in=upload.parts)
        lengths = {part.pk: part.length_bytes for part in parts if part.offset_bytes == part.length_bytes}
        if not set(upload.parts) <= set(lengths):
            return None
        upload.length_bytes = sum(lengths[part] or 0 for part in upload.parts)
        upload.reserved_bytes = reserve_beyond_parts(upload, config)
    elif upload.offset_bytes != upload.length_bytes:
        return None
    upload.writer = writer or ids.random_text(22)
    upload.writer_expires_at = timezone.now() + lease
    upload.finish_tries = min(upload.finish_tries + 1, MOST_COUNTED)
    upload.lease_expires_at = timezone.now() + timedelta(seconds=config.upload.expiry_s)
    upload.save(
        update_fields=[
            *("length_bytes", "reserved_bytes", "writer", "writer_expires_at", "finish_tries"),
            "lease_expires_at",
        ]
    )
    return upload


def _store(upload: Upload, source: str, pen: _Pen, sha256: str | None, key: bytes | None) -> str:
    """Store the source under its name; returns its SHA-256."""
    pieces = _pieces_of(upload)
    if sum(piece.size_bytes for piece in pieces) != upload.length_bytes:
        message = "What was stored of an upload is not what was counted."
        raise storage.StorageFault(message, name=source)
    digest, wanted = hashlib.sha256(), read_metadata_hash(tus.parse_metadata(upload.metadata))
    arrived = sha256 or upload.arrived_sha256
    if len(pieces) != 1 or key is not None or pieces[0].key is not None:
        store_source(source, _hashed(pieces, digest, pen, wanted, arrived), key=key)
        if key is not None:  # what can't be read back would take the pieces with it
            require_stored_as(
                source,
                key,
                size_bytes=upload.length_bytes,
                sha256=digest.hexdigest(),
                heartbeat=pen.keep,
            )
        return digest.hexdigest()
    (piece,) = pieces
    storage_pieces.trim_piece(piece.name, piece.size_bytes)
    if sha256 is None:
        for _ in _hashed(pieces, digest, pen, None, arrived):
            pass
        sha256 = digest.hexdigest()
    require_whole_hash(sha256, wanted)
    storage.copy_object(
        piece.name, source
    )  # a second name for the same bytes; the first goes with its folder
    return sha256


def _pieces_of(upload: Upload) -> list[_Stored]:
    project_id = upload.project_id or ""
    stored: dict[str, list[_Stored]] = {}
    keys: dict[str, bytes | None] = {}
    owners = [upload.pk] if upload.kind == states.RESUMABLE else list(upload.parts)
    found = UploadPiece.objects.filter(upload_id__in=owners).select_related("upload")
    for piece in found.order_by("start_bytes"):
        name = layout.upload_piece_name(project_id, piece.upload_id, piece.name)
        if piece.is_encrypted and piece.upload_id not in keys:
            keys[piece.upload_id] = find_piece_key(piece)
        key = keys.get(piece.upload_id) if piece.is_encrypted else None
        stored.setdefault(piece.upload_id, []).append(_Stored(name, piece.size_bytes, key))
    return [piece for owner in owners for piece in stored.get(owner, ())]


def _hashed(
    pieces: list[_Stored], digest: hashlib._Hash, pen: _Pen, wanted: str | None, arrived: str
) -> Iterator[bytes]:
    for piece in pieces:
        for data in storage_pieces.read_piece(piece.name, piece.size_bytes, key=piece.key):
            digest.update(data)
            pen.keep()
            yield data
    # Here, so that another file never gets its name.
    if arrived and digest.hexdigest() != arrived:
        message = "What was stored of an upload is not what had arrived."
        raise storage.StorageFault(message, upload_id=pen.upload.pk)
    require_whole_hash(digest.hexdigest(), wanted)


@atomic
def _record(upload: Upload, version: str, sha256: str, config: Config, *, is_sealed: bool) -> None:
    video_id, length_bytes = upload.video_id or "", upload.length_bytes or 0
    catalog.hold_video(video_id=video_id)
    mine = Upload.objects.filter(pk=upload.pk, writer=upload.writer, status=states.RECEIVING)
    if upload.kind == states.FINAL and mine.select_for_update().exists():
        reserve_beyond_parts(upload, config)  # a part that was ended meanwhile keeps nothing any more
    if not mine.update(
        status=states.FINISHED,
        offset_bytes=length_bytes,
        sha256=sha256,
        writer="",
        writer_expires_at=None,
        finished_at=timezone.now(),
    ):
        raise _taken_over()
    project_id = upload.project_id or ""
    if version:
        first = layout.source_name(project_id, video_id, upload.pk)
        keep_promised(layout.source_name(project_id, video_id, upload.pk, version))
        note_removal([first], video_id=video_id, at=timezone.now() + LATE)
    catalog.accept_source(
        video_id=video_id,
        upload_id=upload.pk,
        size_bytes=length_bytes,
        sha256=sha256,
        limits=upload.grant.limits if upload.grant else {},
        is_sealed=is_sealed,
        version=version,
    )
    note_arrival(upload)
    _let_pieces_go(upload, [upload, *_end_parts(upload)])


def _let_pieces_go(upload: Upload, owners: list[Upload]) -> None:
    """Remove the pieces of what is finished: a while later, for a database that lost its last commits asks for them again."""
    names = [piece_key_name(one) for one in owners]
    note_removal(names, video_id=upload.video_id or "", at=timezone.now() + READ_ON)


def _end_parts(upload: Upload) -> list[Upload]:
    """End the parts that went into a file, but those that another one still waits for; returns them."""
    waiting = Upload.objects.filter(kind=states.FINAL, status=states.RECEIVING, project_id=upload.project_id)
    needed = {part for parts in waiting.values_list("parts", flat=True) for part in parts}
    ended = list(Upload.objects.filter(pk__in=set(upload.parts) - needed, status=states.RECEIVING))
    ours = Upload.objects.filter(pk__in=[part.pk for part in ended])
    ours.update(status=states.FINISHED, finished_at=timezone.now())
    return ended


def finish_finals_of(*, part_id: str, project_id: str, config: Config) -> None:
    """Put together what has waited for this part, and for no other any more.

    Raises: as `finish_upload`.
    """
    waiting = Upload.objects.filter(kind=states.FINAL, status=states.RECEIVING, project_id=project_id)
    for upload_id, parts in list(waiting.values_list("pk", "parts")):
        if part_id in parts:
            finish_upload(upload_id=upload_id, config=config)


def finish_left_uploads(*, config: Config) -> int:
    """Finish uploads that are all there, but whose process died, or whose store failed; returns how many.

    Until it has gone well or somebody ends them: whoever sent them was told that they have come.
    """
    finished = 0
    for upload_id in _left_uploads():
        try:
            finished += finish_upload(upload_id=upload_id, config=config)
        except GilfoyleError as error:  # its lease holds for a while: others come first
            log.warning("upload_not_finished", upload_id=upload_id, code=error.code)
    return finished


def _left_uploads() -> list[str]:
    is_free = Q(writer="") | Q(writer_expires_at__lte=timezone.now())
    left = Upload.objects.filter(is_free, status=states.RECEIVING).order_by("created_at")
    whole = left.filter(kind=states.RESUMABLE, offset_bytes=F("length_bytes"))
    finals = list(left.filter(kind=states.FINAL).values_list("pk", "parts"))
    having_all = having_all_parts(finals)
    ready = [pk for pk, _ in finals if pk in having_all]
    return [*whole.values_list("pk", flat=True)[:BATCH], *ready[:BATCH]]


def _taken_over() -> UploadTakenOver:
    return UploadTakenOver("This upload was given up, or the video was deleted.", hint="Start again.")
