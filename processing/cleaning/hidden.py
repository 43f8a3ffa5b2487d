"""Finds the boxes of MP4 and MOV in which phones, cameras and programs write what they please."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from gilfoyle.lib.config import Container
from processing.packaging.boxes import Box, MalformedBox, iter_boxes

MAX_BOXES = 1_000_000  # one file in fragments of a day
MAX_INDEX_BYTES = 512 * 1024 * 1024
NEEDED = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"sidx", b"styp", b"mfra", b"wide", b"free", b"skip"})
# What boxes stand in, but for descriptions of samples: what is there is copied by its meaning, not as it stands.
FOLDERS = frozenset({"trak", "mdia", "minf", "stbl", "edts", "udta", "meta", "traf", "tref", "mvex"})
MAX_DEPTH = 16
# Inside of the index: text of all kinds, and tracks that are pointed to as chapters.
TELLING = frozenset({"uuid", "chpl", "loci", "covr", "xml ", "bxml", "Xtra", "XMP_", "chap"})
# What these may hold in a clean file; ffmpeg writes an empty list of tags. `kind`: what a track is for (ISO 14496-12, 8.10.4).
HARMLESS = {
    "udta": frozenset({"kind", "meta"}),
    "meta": frozenset({"hdlr", "ilst"}),
    "ilst": frozenset[str](),
}
SEEN_AS_TAGS = frozenset({"udta", "meta", "ilst", "chpl", "loci", "covr", "chap"})  # also by who reads tags
UNREADABLE = "unreadable"


def find_telling_boxes(file: BinaryIO, container: Container) -> Counter[str]:
    """Count the telling boxes of a file (read from any position) by kind; none where it is of another kind.

    Raises: what reading raises.
    """
    found: Counter[str] = Counter()
    for place in _boxes(file) if container == "mp4" else ():
        found += _look_at(file, place)
    return found


def count_hidden(boxes: Mapping[str, int]) -> int:
    """Count the boxes of which no reader of tags tells."""
    return sum(count for kind, count in boxes.items() if kind not in SEEN_AS_TAGS)


def _boxes(file: BinaryIO) -> list[tuple[bytes, int, int]]:
    """List the outermost boxes: kind, where the body begins, how long it is."""
    size_bytes, at = file.seek(0, 2), 0
    found: list[tuple[bytes, int, int]] = []
    while at + 8 <= size_bytes and len(found) < MAX_BOXES:
        file.seek(at)
        head = file.read(16)
        size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = size_bytes - at
        if size < header:
            break
        found.append((kind, at + header, min(size, size_bytes - at) - header))
        at += size
    return found


def _look_at(file: BinaryIO, place: tuple[bytes, int, int]) -> Counter[str]:
    kind, start, length = place
    if kind not in NEEDED:
        return Counter([kind.decode("latin-1")])
    if kind in {b"free", b"skip", b"wide"}:
        file.seek(start)
        is_empty = not file.read(min(length, MAX_INDEX_BYTES)).strip(b"\0")
        return Counter() if is_empty else Counter([kind.decode()])
    if kind not in {b"moov", b"moof"} or length > MAX_INDEX_BYTES:
        return Counter()
    file.seek(start)
    return _look_inside(file.read(length))


def _look_inside(data: bytes) -> Counter[str]:
    found: Counter[str] = Counter()
    try:
        for box in _walk(data, 0, len(data), MAX_DEPTH):
            if box.kind in HARMLESS:
                is_telling = not {one.kind for one in _inside(data, box)} <= HARMLESS[box.kind]
            else:
                is_telling = box.kind in TELLING or box.kind.startswith("\xa9")
            if is_telling:
                found[box.kind] += 1
    except MalformedBox:
        found[UNREADABLE] += 1  # whoever can't read it does not call it clean
    return found


def _walk(data: bytes, start: int, end: int, depth: int) -> Iterator[Box]:
    for box in iter_boxes(data, start, end):
        yield box
        if box.kind in FOLDERS and depth:
            yield from _walk(data, _body_start(box), box.end, depth - 1)


def _inside(data: bytes, box: Box) -> Iterator[Box]:
    return iter_boxes(data, _body_start(box), box.end)


def _body_start(box: Box) -> int:
    return min(box.end, box.body_start + (4 if box.kind == "meta" else 0))
