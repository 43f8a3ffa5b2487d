"""Walks the boxes of ISO base media files (ISO 14496-12). Every length is checked before it is used."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Boxes whose body is boxes, and how many bytes stand before the first of them.
CONTAINERS = {
    "moov": 0,
    "trak": 0,
    "mdia": 0,
    "minf": 0,
    "stbl": 0,
    "mvex": 0,
    "edts": 0,
    "dinf": 0,
    "udta": 0,
    "moof": 0,
    "traf": 0,
    "tref": 0,
    "stsd": 8,  # version, flags, count
    "dref": 8,
    "meta": 4,  # version, flags
    "avc1": 78,  # a visual sample entry's own fields
    "hvc1": 78,
    "vp09": 78,
    "av01": 78,
    "mp4a": 28,  # an audio sample entry's own fields
    "Opus": 28,
}
MAX_DEPTH = 16


class MalformedBox(ValueError):
    """A box is longer than what it stands in, or shorter than its own header."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box stands in its data."""

    kind: str
    start: int
    body_start: int
    end: int

    def body(self, data: bytes) -> bytes:
        return data[self.body_start : self.end]


def iter_boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes that stand one after the other in data[start:end].

    Raises: MalformedBox.
    """
    end = len(data) if end is None else end
    while start < end:
        box = _box_at(data, start, end)
        yield box
        start = box.end


def find_boxes(data: bytes, path: Sequence[str], start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes at a path such as ("moov", "trak", "tkhd").

    Raises: MalformedBox.
    """
    for box in iter_boxes(data, start, end):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from find_boxes(data, path[1:], _children_start(box), box.end)


def find_box(data: bytes, path: Sequence[str]) -> Box:
    """Return the first box at a path.

    Raises: MalformedBox, also when there is none.
    """
    for box in find_boxes(data, path):
        return box
    message = f"no box {'/'.join(path)}"
    raise MalformedBox(message)


def walk_boxes(data: bytes, start: int = 0, end: int | None = None, depth: int = 0) -> Iterator[Box]:
    """Yield every box, also those inside of others, in the order in which they stand.

    Raises: MalformedBox.
    """
    if depth > MAX_DEPTH:
        message = "boxes stand too deep in each other"
        raise MalformedBox(message)
    for box in iter_boxes(data, start, end):
        yield box
        if box.kind in CONTAINERS:
            yield from walk_boxes(data, _children_start(box), box.end, depth + 1)


def _children_start(box: Box) -> int:
    return min(box.end, box.body_start + CONTAINERS.get(box.kind, 0))


def _box_at(data: bytes, start: int, end: int) -> Box:
    if start + 8 > end:
        message = f"{end - start} bytes are left where a box should begin"
        raise MalformedBox(message)
    size, kind = struct.unpack_from(">I4s", data, start)
    header = 8
    if size == 1 and start + 16 <= end:
        (size,) = struct.unpack_from(">Q", data, start + 8)
        header = 16
    elif size == 0:
        size = end - start  # to the end of what it stands in
    if size < header or start + size > end:
        message = f"a box of {size} bytes does not fit at {start}"
        raise MalformedBox(message)
    return Box(kind.decode("latin-1"), start, start + header, start + size)
