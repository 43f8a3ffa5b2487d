from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.packaging.boxes import MalformedBox, find_box, iter_boxes, walk_boxes


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


TREE = box(b"ftyp", b"cmfc") + box(b"moov", box(b"trak", box(b"tkhd", b"first")) + box(b"trak", b""))


def test_it_walks_into_boxes() -> None:
    assert [found.kind for found in walk_boxes(TREE)] == ["ftyp", "moov", "trak", "tkhd", "trak"]
    assert find_box(TREE, ("moov", "trak", "tkhd")).body(TREE) == b"first"


def test_sizes_of_64_bits_and_to_the_end_are_understood() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234" + struct.pack(">I4s", 0, b"free") + b"rest"
    assert [found.body(data) for found in iter_boxes(data)] == [b"1234", b"rest"]


@pytest.mark.parametrize(
    "wrong",
    [
        TREE[:-1],
        TREE + b"\0\0\0",
        struct.pack(">I4s", 7, b"free"),
        struct.pack(">I4s", 100, b"free"),
        struct.pack(">I4sQ", 1, b"free", 2**63),
    ],
)
def test_what_does_not_fit_is_malformed(wrong: bytes) -> None:
    with pytest.raises(MalformedBox):
        list(iter_boxes(wrong))


def test_a_missing_box_is_named() -> None:
    with pytest.raises(MalformedBox, match="moov/udta"):
        find_box(TREE, ("moov", "udta"))


def test_depth_is_limited() -> None:
    data = b""
    for _ in range(40):
        data = box(b"moov", data)
    with pytest.raises(MalformedBox, match="deep"):
        list(walk_boxes(data))


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=60).map(lambda tail: TREE + tail)))
def test_any_bytes_are_boxes_or_malformed(data: bytes) -> None:
    end = 0
    try:
        for found in iter_boxes(data):
            assert found.start == end
            assert found.start < found.body_start <= found.end <= len(data)
            end = found.end
    except MalformedBox:
        return
    assert end == len(data)
