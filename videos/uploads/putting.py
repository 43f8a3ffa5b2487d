"""Uploads by plain PUT, whole or in pieces, to an address that a grant has given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gilfoyle.lib import storage_pieces
from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.errors import LengthRequired, UploadIncomplete
from videos.uploads import states, tus
from videos.uploads.appending import READ_BYTES, append_bytes
from videos.uploads.bodies import Body
from videos.uploads.content_range import Stretch, overlap_bytes, read_stretch
from videos.uploads.errors import UploadBytesDiffer, UploadOffsetMismatch, UploadResumedElsewhere
from videos.uploads.finishing import finish_upload
from videos.uploads.models import Upload, UploadGrant, UploadPiece
from videos.uploads.permits import Permit
from videos.uploads.piece_keys import find_piece_key
from videos.uploads.resumable import (
    create_upload,
    find_pending_of_grant,
    find_upload,
    look_up,
    terminate_upload,
)

FILES = (states.RESUMABLE, states.FINAL)


def put_bytes(*, permit: Permit, content_range: str | None, body: Body, config: Config) -> Upload | None:
    """Take a piece of a file, or all of it; None where it was only asked and nothing is there.

    Raises: RangeInvalid, LengthRequired, UploadOffsetMismatch, UploadBytesDiffer; as `create_upload` and `append_bytes`.
    """
    if body.size_bytes is None:  # a connection that broke would look like the end of the file
        message = "The request must tell its Content-Length."
        raise LengthRequired(message)
    stretch = read_stretch(content_range, body_bytes=body.size_bytes)
    upload = find_pending_of_grant(permit.grant_id or "", FILES)
    if content_range is not None and not stretch.size_bytes:
        return upload
    if upload is not None and upload.status == states.FINISHED and _is_of(upload, stretch):
        _skip(body, body.size_bytes)  # its answer was lost; there is nothing left to compare with
        return upload
    if upload is None or not _is_of(upload, stretch):
        upload = _begin(permit, stretch, config)
    if upload.length_bytes == 0:
        finish_upload(upload_id=upload.pk, config=config)
        upload.refresh_from_db()
        return upload
    return _go_on(permit, upload, stretch, body, config)


@atomic
def _begin(permit: Permit, stretch: Stretch, config: Config) -> Upload:
    """Begin a file, or take up what was begun a moment ago: a client whose connection broke comes back at once."""
    # NO KEY: rows that only refer to the address are still written meanwhile.
    UploadGrant.objects.select_for_update(no_key=True).get(pk=permit.grant_id)
    upload = find_pending_of_grant(permit.grant_id or "", FILES)
    if upload is not None and _is_of(upload, stretch):
        return upload
    overlap_bytes(stretch, 0)
    return create_upload(
        permit=permit, creation=tus.Creation(stretch.total_bytes), config=config, way=states.PUT
    )


def _is_of(upload: Upload, stretch: Stretch) -> bool:
    return None in {upload.length_bytes, stretch.total_bytes} or upload.length_bytes == stretch.total_bytes


def _go_on(permit: Permit, upload: Upload, stretch: Stretch, body: Body, config: Config) -> Upload:
    upload = look_up(permit=permit, upload_id=upload.pk)
    known_bytes = overlap_bytes(stretch, upload.offset_bytes)
    if not _is_same(upload, stretch, known_bytes, body):
        terminate_upload(permit=permit, upload_id=upload.pk)
        message = "These bytes are not those of the file that was begun, which was given up."
        raise UploadBytesDiffer(message, hint="Send the file again from its beginning.")
    try:
        return append_bytes(
            permit=permit,
            upload_id=upload.pk,
            append=tus.Append(upload.offset_bytes, stretch.total_bytes),
            body=replace(body, size_bytes=stretch.size_bytes - known_bytes),
            config=config,
        )
    except (UploadOffsetMismatch, UploadResumedElsewhere):
        # The same client's last connection was still ending. It is told how far the file is, and sends the piece again.
        return find_upload(permit=permit, upload_id=upload.pk)


def _is_same(upload: Upload, stretch: Stretch, known_bytes: int, body: Body) -> bool:
    """Read those of a body's bytes that are there already; tell whether they are the same."""
    for stored in _stored_bytes(upload, stretch.first, known_bytes):
        if _read_exactly(body, len(stored)) != stored:
            return False
    return True


def _stored_bytes(upload: Upload, first: int, count: int) -> Iterator[bytes]:
    """Give a part of what has arrived."""
    end = first + count
    pieces = UploadPiece.objects.filter(upload=upload, start_bytes__lt=end).select_related("upload")
    for piece in pieces.order_by("start_bytes"):
        skipped = max(0, first - piece.start_bytes)
        wanted = min(piece.size_bytes, end - piece.start_bytes)
        if skipped < wanted:
            name = layout.upload_piece_name(upload.project_id or "", upload.pk, piece.name)
            yield from storage_pieces.read_piece(name, wanted, first=skipped, key=find_piece_key(piece))


def _read_exactly(body: Body, size: int) -> bytes:
    """Raises: UploadIncomplete."""
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        try:
            count = body.read(rest)
        except OSError:
            count = 0
        if not count:
            message = "The body did not arrive."
            raise UploadIncomplete(message, hint="Send it again.")
        rest = rest[count:]
    return bytes(data)


def _skip(body: Body, size: int) -> None:
    while size > 0:
        size -= len(_read_exactly(body, min(size, READ_BYTES)))
