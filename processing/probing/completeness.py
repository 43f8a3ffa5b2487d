"""Tells whether a file ends before its own outermost structure says that it does."""

from __future__ import annotations

import struct
from typing import BinaryIO

from gilfoyle.lib.config import Container
from processing.errors import SourceTruncated

MAX_BOXES = 5_000_000  # a fragmented file of days; beyond this it is an attack on our time
UNKNOWN_RIFF_SIZES = (0, 0xFFFFFFFF)  # written by programs that could not go back


def require_complete(file: BinaryIO, container: Container, size_bytes: int) -> None:
    """Check that the file (read from any position) holds all that its outermost structure promises.

    Raises: SourceTruncated.
    """
    if container == "mp4":
        _require_complete_boxes(file, size_bytes)
    elif container == "matroska":
        _require_complete_segment(file, size_bytes)
    elif container in ("avi", "wav"):
        _require_complete_riff(file, size_bytes)


def _truncated() -> SourceTruncated:
    return SourceTruncated(
        "The file is incomplete: its end is missing.", hint="Upload it again from the original."
    )


def _require_complete_boxes(file: BinaryIO, size_bytes: int) -> None:
    offset, has_index = 0, False
    for _ in range(MAX_BOXES):
        if offset + 8 > size_bytes:
            break
        file.seek(offset)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            large = file.read(8)
            size = int.from_bytes(large, "big") if len(large) == 8 else size_bytes + 1
        elif size == 0:
            size = size_bytes - offset
        if size < 8:
            break  # rubbish after the last box is not ours to judge
        if offset + size > size_bytes:
            raise _truncated()
        has_index = has_index or kind == b"moov"
        offset += size
    if not has_index:
        raise _truncated()


def _require_complete_segment(file: BinaryIO, size_bytes: int) -> None:
    """Matroska is an EBML header, then one Segment, whose size may be unknown (all ones)."""
    file.seek(0)
    head = file.read(4096)
    header_size, header_digits = _ebml_size(head, 4)
    segment_at = 4 + header_digits + (header_size or 0)
    if header_size is None or head[segment_at : segment_at + 4] != b"\x18\x53\x80\x67":
        return
    segment_size, digits = _ebml_size(head, segment_at + 4)
    if segment_size is not None and segment_at + 4 + digits + segment_size > size_bytes:
        raise _truncated()


def _ebml_size(data: bytes, at: int) -> tuple[int | None, int]:
    """Return an EBML size (None: unknown) and how many bytes it takes."""
    first = data[at] if at < len(data) else 0
    digits = 9 - first.bit_length()
    if digits > 8 or at + digits > len(data):
        return None, 1
    value = int.from_bytes(data[at : at + digits], "big") & (1 << 7 * digits) - 1
    return (None if value == (1 << 7 * digits) - 1 else value), digits


def _require_complete_riff(file: BinaryIO, size_bytes: int) -> None:
    file.seek(0)
    head = file.read(12)
    size = int.from_bytes(head[4:8], "little")
    if head.startswith(b"RIFF") and size not in UNKNOWN_RIFF_SIZES and size + 8 > size_bytes + 1:
        raise _truncated()  # an odd last byte of padding is often left out
