"""Finds the parts that a media file is made of, so that a mutation can hit a structure and not only noise. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

MP4_PARENTS = {
    b"moov",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"edts",
    b"udta",
    b"moof",
    b"traf",
    b"mvex",
    b"dinf",
}
EBML_PARENTS = {
    0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xE1, 0x1F43B675, 0xA0, 0x1C53BB6B, 0xBB, 0xB7, 0x1941A469, 0x61A7,
}  # fmt: skip
TS_PACKET = 188
DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Part:
    """One box, element, chunk, page or packet: [start, end) of the file, its body from `body` on."""

    start: int
    body: int
    end: int
    kind: bytes
    size_at: int  # where its size is written
    size_digits: int  # in how many bytes


def find_parts(data: bytes) -> list[Part]:
    """Return the parts of a well-formed file, outer ones before what is in them; none for an unknown kind."""
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return list(_boxes(data, 0, len(data)))
    if data[:1] == b"\x47" and data[TS_PACKET : TS_PACKET + 1] == b"\x47":
        starts = range(0, len(data) - TS_PACKET + 1, TS_PACKET)
        return [Part(at, at + 4, at + TS_PACKET, b"ts", at + 1, 2) for at in starts]
    for magic, walk in WALKS.items():
        if data.startswith(magic):
            return list(walk(data))
    return []


def _boxes(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[Part]:
    while start + 8 <= end:
        size, kind = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        if size < 8 or start + size > end:
            return
        yield Part(start, start + 8, start + size, kind, start, 4)
        if kind in MP4_PARENTS and depth < DEEPEST:
            yield from _boxes(data, start + 8, start + size, depth + 1)
        start += size


def _elements(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[Part]:
    while start < end:
        id_digits = 9 - data[start].bit_length()
        size_at = start + id_digits
        if id_digits > 4 or size_at >= end:
            return
        digits = 9 - data[size_at].bit_length()
        size = int.from_bytes(data[size_at : size_at + digits], "big") & ((1 << 7 * digits) - 1)
        body = size_at + digits
        last = end if size == (1 << 7 * digits) - 1 else body + size
        if last > end:
            return
        kind = data[start:size_at]
        yield Part(start, body, last, kind, size_at, digits)
        if int.from_bytes(kind, "big") in EBML_PARENTS and depth < DEEPEST:
            yield from _elements(data, body, last, depth + 1)
        start = last


def _chunks(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[Part]:
    while start + 8 <= end:
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        last = min(end, start + 8 + size + size % 2)
        yield Part(start, start + 8, last, data[start : start + 4], start + 4, 4)
        if data[start : start + 4] == b"LIST" and depth < DEEPEST:
            yield from _chunks(data, start + 12, last, depth + 1)
        start = last


def _pages(data: bytes) -> Iterator[Part]:
    start = data.find(b"OggS")
    while start >= 0:
        following = data.find(b"OggS", start + 4)
        yield Part(start, start + 27, len(data) if following < 0 else following, b"OggS", start + 26, 1)
        start = following


def _tags(data: bytes) -> Iterator[Part]:
    start = 13
    while start + 11 <= len(data):
        size = int.from_bytes(data[start + 1 : start + 4], "big")
        last = min(len(data), start + 11 + size + 4)
        yield Part(start, start + 11, last, data[start : start + 1], start + 1, 3)
        start = last


WALKS: Mapping[bytes, Callable[[bytes], Iterator[Part]]] = {
    b"\x1aE\xdf\xa3": lambda data: _elements(data, 0, len(data)),
    b"RIFF": lambda data: _chunks(data, 12, len(data)),
    b"OggS": _pages,
    b"FLV": _tags,
}
