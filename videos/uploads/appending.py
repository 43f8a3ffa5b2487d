"""Bytes of a resumable upload, from a connection into storage: in constant memory, and counted only when durable."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone

from gilfoyle.lib import ids, storage, storage_pieces
from gilfoyle.lib.config import Config
from gilfoyle.lib.storage_faults import ObjectMissing
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog.source_keys import are_sources_sealed, destroy_key
from videos.errors import QuotaExceeded, UploadIncomplete
from videos.uploads import states, tus
from videos.uploads.bodies import Body
from videos.uploads.errors import (
    ChecksumMismatch,
    TusHeaderInvalid,
    UploadExpired,
    UploadResumedElsewhere,
)
from videos.uploads.finishing import finish_finals_of, finish_upload
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.permits import Permit, require_still_good
from videos.uploads.piece_keys import piece_key_name, prepare_piece_key
from videos.uploads.reserving import reserve, reserve_ahead
from videos.uploads.resumable import as_standing, expiry, find_upload, kept_until, take_pen
from videos.uploads.services import require_room

log = structlog.get_logger(__name__)
READ_BYTES = 128 * 1024
# A quick client is read in large pieces, a slow one loses little when it breaks off.
MOST_READ_BYTES = 2 * 1024 * 1024
QUICK_S = 0.05
FLUSH_S = 5.0  # a slow client's bytes are made durable at least so often
# Before a wait for bytes that may never come: who stalls is taken over from, and loses what is not durable.
QUIET_FLUSH_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class _Piece:
    """A piece that is being written: where it begins in the file, and how much of it is durable."""

    name: str
    start_bytes: int
    writer: storage_pieces.PieceWriter
    durable_bytes: int
    is_encrypted: bool = False


def append_bytes(*, permit: Permit, upload_id: str, append: tus.Append, body: Body, config: Config) -> Upload:
    """Add the body's bytes to an upload; when the last of them has come, the file goes to processing.

    What came before a connection broke is kept, unless a checksum was to be met.

    Raises: UploadNotFound, UploadExpired, UploadOffsetMismatch, UploadLengthFixed, FinalUploadClosed, SourceTooLarge,
    NoSpace, QuotaExceeded, ChecksumMismatch, ChecksumUnsupported, TusHeaderInvalid, UploadIncomplete, UploadResumedElsewhere,
    KeyInvalid, ScopeMissing, ProjectSuspended, GrantInvalid, GrantExpired, UploadKeyLost, StorageFault.
    """
    upload = find_upload(permit=permit, upload_id=upload_id)
    standing = as_standing(upload)
    window = tus.decide_append(
        standing, append, body_bytes=body.size_bytes, largest_bytes=permit.largest_bytes
    )
    if upload.status == states.RECEIVING:
        require_still_good(permit, video_id=upload.video_id)  # before its bytes come
        if standing.length_bytes is None:  # what was told at the beginning was reserved then
            wanted_bytes = window.length_bytes or standing.offset_bytes + (body.size_bytes or 0)
            require_room(length_bytes=wanted_bytes - standing.offset_bytes, config=config, besides=upload)
        if not standing.is_whole:
            take_pen(upload_id=upload_id)
        _Session(permit, upload, append, body, config).run()
    return find_upload(permit=permit, upload_id=upload_id)


class _Session:
    """One connection's turn as the writer of an upload."""

    def __init__(
        self, permit: Permit, upload: Upload, append: tus.Append, body: Body, config: Config
    ) -> None:
        self.permit, self.append, self.body, self.config = permit, append, body, config
        self.upload = upload
        self.me = ids.random_text(22)
        self.lease = timedelta(seconds=config.upload.lease_s)
        self.received_bytes = 0
        self.read_bytes = READ_BYTES
        self.flushed_at = time.monotonic()
        self.unrecorded: list[_Piece] = []
        self.piece: _Piece | None = None
        self.piece_key: bytes | None = None
        self.is_checked = append.checksum is not None or append.checksum_follows
        self.is_stopped = False  # more came than the quota allows
        self.refusal: QuotaExceeded | None = None

    def run(self) -> None:
        self.window = self._become_writer()
        # A file that comes in one request is hashed on its way; of others the store is read again at the end.
        is_all = self.window.start_bytes == 0 and self.body.size_bytes == self.window.length_bytes
        self.is_read_soon = not is_all or are_sources_sealed(self.config)
        digest = hashlib.sha256() if is_all else None
        try:
            self._receive(digest)
            if self.is_stopped and self.is_checked:
                self._stop()
            sha256 = digest.hexdigest() if digest is not None else None
            is_whole = self._record(is_last=True, arrived_sha256=sha256 or "")
        except BaseException:
            self._let_go()
            raise
        finally:
            if self.piece is not None:
                self.piece.writer.close()
            self._clear_if_ended()
        self._hand_on(is_whole=is_whole, sha256=sha256)
        self._require_all_came()
        if self.is_stopped:
            self._stop()

    def _stop(self) -> None:
        """Raises: QuotaExceeded."""
        raise self.refusal or _taken_over()

    @atomic
    def _become_writer(self) -> tus.Window:
        """Raises: UploadResumedElsewhere where another one was faster; as `decide_append`."""
        receiving = Upload.objects.select_for_update().filter(pk=self.upload.pk, status=states.RECEIVING)
        upload = receiving.first()
        if upload is None:
            raise _ended()
        is_taken = upload.writer and upload.writer_expires_at and upload.writer_expires_at > timezone.now()
        if is_taken:
            raise _taken_over()
        window = tus.decide_append(
            as_standing(upload),
            self.append,
            body_bytes=self.body.size_bytes,
            largest_bytes=self.permit.largest_bytes,
        )
        upload.reserved_bytes = reserve(upload, self._wanted_bytes(window), self.config)
        upload.writer, upload.writer_expires_at = self.me, timezone.now() + self.lease
        upload.length_bytes = window.length_bytes
        upload.lease_expires_at = expiry(self.permit, self.config)
        upload.save(
            update_fields=[
                "reserved_bytes",
                "writer",
                "writer_expires_at",
                "length_bytes",
                "lease_expires_at",
            ]
        )
        self.upload = upload
        return window

    def _wanted_bytes(self, window: tus.Window) -> int:
        """Return how large the upload is to be by the end of this turn, as far as that is known."""
        if window.length_bytes is not None:
            return window.length_bytes
        return window.start_bytes + (self.body.size_bytes or 0)

    def _receive(self, digest: hashlib._Hash | None) -> None:
        checksum = hashlib.new(self.append.checksum.algorithm) if self.append.checksum else None
        # Which algorithm a trailer names is known only when the bytes are gone.
        sums = [hashlib.new(name) for name in tus.ALGORITHMS] if self.append.checksum_follows else []
        sums += [checksum] if checksum is not None else []
        hashes = [*sums, digest] if digest is not None else sums
        limit = self.window.most_bytes if self.body.size_bytes is None else self.body.size_bytes
        while self.received_bytes < limit:
            size = min(self.read_bytes, limit - self.received_bytes, self._reserved_ahead())
            if not size:  # the quota ends at this very byte
                self.is_stopped = self._has_more()
                break
            piece = self.piece = self.piece or self._open_piece()
            data = self._read(piece.writer.space()[:size])
            if not data:
                break
            for one in hashes:
                one.update(data)
            # All of it counts only once it is certain that no more follows.
            self._take(piece, len(data), is_last=self.received_bytes + len(data) == limit)
        if self.body.size_bytes is None and self.received_bytes == limit and self._has_more():
            raise tus.too_many_bytes(self.window.length_bytes, self.permit.largest_bytes)
        if self.is_checked and not self.is_stopped:
            self._require_checksum({one.name: one for one in sums})

    def _reserved_ahead(self) -> int:
        """Return how many more bytes are kept for the upload, after asking for more where none is.

        Raises: UploadResumedElsewhere.
        """
        at = self.window.start_bytes + self.received_bytes
        if self.upload.reserved_bytes <= at:
            kept = reserve_ahead(upload_id=self.upload.pk, writer=self.me, config=self.config)
            if kept is None:
                raise _taken_over()
            self.upload.reserved_bytes, self.refusal = kept
        return max(0, self.upload.reserved_bytes - at)

    def _read(self, memory: memoryview) -> memoryview:
        """Return what came of the next bytes, at the beginning of that memory; nothing at the end."""
        began = time.monotonic()
        try:
            count = self.body.read(memory)
        except OSError as error:  # how a broken or a stalled connection shows
            log.info("upload_broke", upload_id=self.upload.pk, error=str(error))
            count = 0
        is_quick = time.monotonic() - began < QUICK_S
        self.read_bytes = min(2 * self.read_bytes, MOST_READ_BYTES) if is_quick else READ_BYTES
        return memory[:count]

    def _has_more(self) -> bool:
        return len(self._read(memoryview(bytearray(1)))) > 0

    def _take(self, piece: _Piece, count: int, *, is_last: bool) -> None:
        piece.writer.take(count)
        self.received_bytes += count
        if not is_last and self._is_flush_due(piece):
            self._flush()
            if self.is_checked:
                self._stay_writer()
            else:
                self._record()

    def _is_flush_due(self, piece: _Piece) -> bool:
        left_bytes = piece.writer.size_bytes - piece.durable_bytes
        if left_bytes >= piece.writer.flush_bytes or time.monotonic() - self.flushed_at >= FLUSH_S:
            return True
        return piece.writer.is_growing and left_bytes >= QUIET_FLUSH_BYTES and self.body.is_quiet()

    def _open_piece(self) -> _Piece:
        """Begin a piece, or go on with the last one where its writer has let go of it."""
        at = self.window.start_bytes + self.received_bytes
        last = UploadPiece.objects.filter(upload=self.upload).order_by("start_bytes").last()
        if (
            last is not None
            and not last.is_sealed
            and last.start_bytes + last.size_bytes == at
            and storage_pieces.can_go_on(self._name(last.name))
        ):
            writer = storage_pieces.open_piece(self._name(last.name), kept_bytes=last.size_bytes)
            return _Piece(last.name, last.start_bytes, writer, last.size_bytes)
        if self.piece_key is None:
            self.piece_key = prepare_piece_key(self.upload, self.config)
        name, key = ids.random_text(22), self.piece_key
        writer = storage_pieces.open_piece(self._name(name), key=key, is_read_soon=self.is_read_soon)
        return _Piece(name, at, writer, 0, is_encrypted=key is not None)

    def _name(self, piece: str) -> str:
        return layout.upload_piece_name(self.permit.project_id, self.upload.pk, piece)

    def _flush(self) -> None:
        """Make durable what came; it counts once it is recorded."""
        self.flushed_at = time.monotonic()
        piece = self.piece
        if piece is None or piece.writer.size_bytes == piece.durable_bytes:
            return
        try:
            piece.writer.flush()
        except ObjectMissing:
            self._stay_writer()  # whose upload is ended loses its folder, too: that is the answer then
            raise
        piece.durable_bytes = piece.writer.size_bytes
        if piece not in self.unrecorded:
            self.unrecorded.append(piece)
        if not piece.writer.is_growing:
            self.piece = None

    def _record(self, *, is_last: bool = False, arrived_sha256: str = "") -> bool:
        """Count what is durable, and stay the writer, or let go of the pen; tells whether all is there.

        Raises: UploadResumedElsewhere.
        """
        if is_last:
            self._flush()
        offset_bytes = self.window.start_bytes + self.received_bytes
        is_whole = offset_bytes == self.window.length_bytes
        is_kept = not is_last or (is_whole and self.upload.kind == states.RESUMABLE)
        require_still_good(self.permit, video_id=self.upload.video_id)
        self._record_pieces(
            offset_bytes=offset_bytes,
            writer=self.me if is_kept else "",
            writer_expires_at=timezone.now() + self.lease if is_kept else None,
            lease_expires_at=kept_until(self.config) if is_whole else expiry(self.permit, self.config),
            **({"reserved_bytes": offset_bytes} if is_last and self.window.length_bytes is None else {}),
            **({"arrived_sha256": arrived_sha256} if is_whole and arrived_sha256 else {}),
        )
        self.unrecorded.clear()
        return is_whole

    @atomic
    def _record_pieces(self, **changes: Any) -> None:
        """Raises: UploadResumedElsewhere."""
        self._change(**changes)
        for piece in self.unrecorded:
            UploadPiece.objects.update_or_create(
                upload=self.upload,
                start_bytes=piece.start_bytes,
                defaults={
                    "name": piece.name,
                    "size_bytes": piece.durable_bytes,
                    "is_encrypted": piece.is_encrypted,
                },
            )

    def _stay_writer(self) -> None:
        require_still_good(self.permit, video_id=self.upload.video_id)
        self._change(writer_expires_at=timezone.now() + self.lease)

    def _change(self, **changes: Any) -> None:
        """Raises: UploadResumedElsewhere where this is not the writer any more."""
        mine = Upload.objects.filter(pk=self.upload.pk, writer=self.me, status=states.RECEIVING)
        if not mine.update(**changes):
            raise _taken_over()

    def _require_checksum(self, sums: dict[str, Any]) -> None:
        """Raises: ChecksumMismatch, ChecksumUnsupported, TusHeaderInvalid."""
        self._require_all_came()
        checksum = self.append.checksum or tus.read_checksum(self.body.trailer())
        if checksum is None:
            message = "The trailer Upload-Checksum was announced, and did not come."
            raise TusHeaderInvalid(message, hint="A proxy may have dropped it; send it as a header.")
        if not hmac.compare_digest(sums[checksum.algorithm].digest(), checksum.digest):
            message = "The bytes do not match their checksum; none of them was kept."
            raise ChecksumMismatch(message, hint="Send them again.")

    def _require_all_came(self) -> None:
        if self.body.size_bytes is not None and self.received_bytes < self.body.size_bytes:
            kept = "none was kept" if self.is_checked else "they were kept"
            message = f"Only {self.received_bytes} of {self.body.size_bytes} bytes arrived; {kept}."
            raise UploadIncomplete(message, hint="Ask with HEAD how far the upload is, and go on.")

    def _let_go(self) -> None:
        """Let another one be the writer at once: this one's files are closed next, and never written again."""
        mine = Upload.objects.filter(pk=self.upload.pk, writer=self.me)
        if self.upload.length_bytes is None:
            mine.update(writer="", writer_expires_at=None, reserved_bytes=F("offset_bytes"))
        else:
            mine.update(writer="", writer_expires_at=None)

    def _clear_if_ended(self) -> None:
        """Remove what this one may have stored after the upload was ended and emptied: no row would name it."""
        if not Upload.objects.filter(pk=self.upload.pk, status=states.RECEIVING).exists():
            destroy_key(piece_key_name(self.upload))
            storage.delete_folder(layout.upload_folder(self.permit.project_id, self.upload.pk))

    def _hand_on(self, *, is_whole: bool, sha256: str | None) -> None:
        if not is_whole:
            return
        if self.upload.kind == states.PARTIAL:
            finish_finals_of(part_id=self.upload.pk, project_id=self.permit.project_id, config=self.config)
        else:
            finish_upload(upload_id=self.upload.pk, writer=self.me, sha256=sha256, config=self.config)


def _taken_over() -> UploadResumedElsewhere:
    message = "Another connection has gone on with this upload, or it was ended."
    return UploadResumedElsewhere(message, hint="Ask with HEAD how far it is.")


def _ended() -> UploadExpired:
    return UploadExpired("This upload has expired or was ended.", hint="Start a new one.")
