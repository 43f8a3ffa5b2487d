"""Reads of a finished picture what must be right before it is stored: its kind, its size, its frames. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gilfoyle.lib.image_settings import ImageFormat

_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: the header that has the size
_WEBP_TELLING = frozenset({b"EXIF", b"XMP ", b"ICCP"})
_AVIF_TELLING = (b"Exif", b"mime", b"udta")


@dataclass(frozen=True, slots=True)
class PictureFile:
    """What a picture's bytes say of it."""

    format: ImageFormat
    width: int
    height: int
    frames: int
    has_metadata: bool


def read_picture(data: bytes) -> PictureFile | None:
    """Return what the bytes are, or None where they are no whole picture of a known format."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _read_jpeg(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _read_webp(data)
        if data[4:12] in {b"ftypavif", b"ftypavis"}:
            return _read_avif(data)
    except (struct.error, IndexError, ValueError):
        return None
    return None


def _read_jpeg(data: bytes) -> PictureFile | None:
    size = None
    has_metadata = False
    at = 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
        # All application segments but JFIF's own, and comments.
        has_metadata |= 0xE1 <= marker <= 0xEF or marker == 0xFE
        at += 2 + length
    if size is None or not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return None
    return PictureFile("jpeg", *size, 1, has_metadata)


def _read_webp(data: bytes) -> PictureFile | None:
    if struct.unpack_from("<I", data, 4)[0] + 8 != len(data):
        return None
    chunks = list(_webp_chunks(data))
    kinds = [kind for kind, _ in chunks]
    frames = kinds.count(b"ANMF") or 1
    kind, body = chunks[0]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
    elif kind == b"VP8L":
        bits = struct.unpack_from("<I", body, 1)[0]
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        return None
    return PictureFile("webp", width, height, frames, bool(_WEBP_TELLING & set(kinds)))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _read_avif(data: bytes) -> PictureFile | None:
    boxes = dict(_boxes(data))
    if not {b"meta", b"mdat"} <= boxes.keys():
        return None
    meta = boxes[b"meta"]
    width, height = struct.unpack_from(">II", meta, meta.index(b"ispe") + 8)
    return PictureFile("avif", width, height, 1, any(word in meta for word in _AVIF_TELLING))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8 or at + length > len(data):
            message = "a box that does not fit"
            raise ValueError(message)
        yield kind, data[at + 8 : at + length]
        at += length
