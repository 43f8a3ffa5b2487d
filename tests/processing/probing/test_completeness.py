from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import Container
from processing.errors import SourceTruncated
from processing.probing.completeness import require_complete


def box(kind: bytes, body: bytes, *, size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(body) if size is None else size, kind) + body


def large_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


def is_complete(data: bytes, container: Container) -> bool:
    try:
        require_complete(io.BytesIO(data), container, len(data))
    except SourceTruncated:
        return False
    return True


WHOLE_MP4 = box(b"ftyp", b"mp42\0\0\0\0") + box(b"moov", bytes(40)) + box(b"mdat", bytes(100))
# An EBML header without children, then a Segment of 100 bytes.
WHOLE_MATROSKA = b"\x1aE\xdf\xa3\x80" + b"\x18\x53\x80\x67" + b"\x40\x64" + bytes(100)
WHOLE_RIFF = b"RIFF" + struct.pack("<I", 104) + b"AVI " + bytes(100)


@pytest.mark.parametrize(
    ("data", "container"), [(WHOLE_MP4, "mp4"), (WHOLE_MATROSKA, "matroska"), (WHOLE_RIFF, "avi")]
)
def test_a_whole_file_is_accepted_and_a_cut_one_is_not(data: bytes, container: Container) -> None:
    assert is_complete(data, container)
    for end in range(len(data) - 100, len(data) - 1):  # somewhere within the last hundred bytes of media
        assert not is_complete(data[:end], container), end


def test_sizes_of_64_bits_and_boxes_to_the_end_are_understood() -> None:
    moov = box(b"moov", b"")
    assert is_complete(moov + large_box(b"mdat", bytes(9)), "mp4")
    assert not is_complete((moov + large_box(b"mdat", bytes(9)))[:-1], "mp4")
    assert is_complete(moov + box(b"mdat", bytes(9), size=0), "mp4")


def test_without_an_index_nothing_can_be_played() -> None:
    assert not is_complete(box(b"ftyp", bytes(8)) + box(b"mdat", bytes(50)), "mp4")


def test_rubbish_after_the_last_box_is_forgiven() -> None:
    assert is_complete(WHOLE_MP4 + bytes(12), "mp4")


def test_sizes_that_were_never_known_are_forgiven() -> None:
    unknown_segment = b"\x1aE\xdf\xa3\x80" + b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7 + bytes(10)
    assert is_complete(unknown_segment, "matroska")
    assert is_complete(b"RIFF\xff\xff\xff\xffWAVE" + bytes(10), "wav")


@given(st.binary(max_size=300), st.sampled_from(("mp4", "matroska", "avi", "wav", "mpegts")))
def test_any_bytes_get_an_answer(data: bytes, container: Container) -> None:
    assert is_complete(data, container) in (True, False)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_boxes_that_fit_are_complete(bodies: list[bytes]) -> None:
    assert is_complete(b"".join(box(b"free", body) for body in bodies) + box(b"moov", b""), "mp4")
