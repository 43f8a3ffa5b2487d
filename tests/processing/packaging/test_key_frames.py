from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.encoding.remux import remux
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import InitSegment, build_fragment, read_init
from processing.packaging.key_frames import find_key_frame_bytes
from processing.packaging.split import VideoSplitter
from tests.clips import make_clip, run_tool
from tests.processing.sources import OPEN_GOP
from tests.processing.whole_encode import ENCODING, plan_of

AVCC = bytes([1, 100, 0, 30, 0xFF])  # four bytes tell the length of a unit
HVCC = bytes(21) + b"\xff"
AVC = InitSegment(30_000, "avc1", 320, 180, AVCC, has_edit_list=False)
HEVC = replace(AVC, sample_entry="hvc1", decoder_config=HVCC)
FURTHER = [b"another picture"] * 3


def units(*first_bytes: int, length_bytes: int = 4) -> bytes:
    return b"".join((3).to_bytes(length_bytes, "big") + bytes([first, 1, 2]) for first in first_bytes)


def segment(*samples: bytes) -> bytes:
    return build_fragment(sequence=1, decode_time=0, sample_duration=10, samples=samples)


def found(data: bytes, init: InitSegment = AVC) -> int:
    return find_key_frame_bytes(BytesIO(data), init)


@pytest.mark.parametrize(
    ("init", "picture", "is_found"),
    [
        (AVC, units(0x65), True),
        (AVC, units(0x09, 0x67, 0x68, 0x06, 0x65, 0x65), True),  # parameters before two slices
        (AVC, units(0x41), False),
        (AVC, units(0x06, 0x61), False),  # an I picture at which one may only begin to recover
        (AVC, units(0x65, 0x41), False),
        (AVC, units(0x67, 0x68), False),  # no slice at all
        (HEVC, units(0x26), True),  # IDR_W_RADL
        (HEVC, units(0x40, 0x28), True),  # IDR_N_LP behind a parameter set
        (HEVC, units(0x2A), False),  # CRA
        (HEVC, units(0x02), False),
        (replace(AVC, sample_entry="vp09", decoder_config=b""), b"\x82\x49", True),
        (replace(AVC, sample_entry="av01", decoder_config=b""), b"\x12\x00", True),
        (replace(AVC, sample_entry="mp4a", decoder_config=b""), b"sound", False),
        (replace(AVC, decoder_config=b"\1"), units(0x65), False),
        (replace(AVC, decoder_config=b"\1\0\0\0\xfd"), units(0x65, length_bytes=2), True),
    ],
)
def test_what_stands_alone_is_found(init: InitSegment, picture: bytes, *, is_found: bool) -> None:
    data = segment(picture, *FURTHER)
    assert found(data, init) == (len(segment(picture, *FURTHER)) - 45 if is_found else 0)


def test_a_picture_that_is_not_marked_as_a_key_is_none() -> None:
    data = segment(units(0x65), *FURTHER)
    flags = struct.pack(">I", 0x02000000)
    assert found(data)
    assert found(data.replace(flags, struct.pack(">I", 0x01010000), 1)) == 0


def test_a_picture_that_does_not_stand_first_is_none() -> None:
    data = segment(units(0x65), *FURTHER)
    moof_bytes = int.from_bytes(data[:4], "big")
    assert found(data.replace(struct.pack(">I", moof_bytes + 8), struct.pack(">I", moof_bytes + 9), 1)) == 0


def test_a_picture_of_which_the_end_is_missing_is_none() -> None:
    data = segment(units(0x65), *FURTHER)
    assert found(data[: found(data)]) == found(data)
    assert found(data[: found(data) - 1]) == 0


@pytest.mark.parametrize("data", [b"", b"abc", b"\0\0\0\x08mdat", b"\xff\xff\xff\xffmoof", b"\0\0\0\x03moof"])
def test_what_is_no_segment_is_said(data: bytes) -> None:
    with pytest.raises(MalformedBox):
        found(data)


@given(st.data())
def test_no_bytes_make_it_fall_over(data: st.DataObject) -> None:
    whole = bytearray(segment(units(0x65), *FURTHER))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)
    ):
        whole[at] = value
    try:
        size_bytes = found(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except MalformedBox:
        return
    assert 0 <= size_bytes <= len(whole)


def test_segments_of_a_copy_with_open_groups_have_none(tmp_path: Path) -> None:
    # Matroska marks each I picture; the pictures shown before it may refer to what stands before the segment.
    source = make_clip(tmp_path / "a.mkv", duration_s=4, fps="24", video_args=OPEN_GOP, audio=False)
    copied = tmp_path / "a.mp4"
    run_tool("-i", source, "-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof", copied)
    splitter = VideoSplitter(copied, folder=tmp_path)
    segments = splitter.finish()
    sizes = [found(one.path.read_bytes(), read_init(splitter.init)) for one in segments]
    assert (len(sizes), sizes[1:]) == (4, [0, 0, 0])


def test_the_bytes_of_a_copy_s_key_frame_are_one_picture(tmp_path: Path) -> None:
    closed = (*OPEN_GOP[:-2], "-g", "24", "-sc_threshold", "0", "-bf", "3")
    source = make_clip(tmp_path / "a.mkv", duration_s=3, fps="24", video_args=closed, audio=False)
    _, plan = plan_of(source)
    (tmp_path / "work").mkdir()
    part = remux(source, plan, work_dir=tmp_path / "work", encoding=ENCODING)
    for one in part.segments:
        data = one.path.read_bytes()
        alone = tmp_path / "alone.mp4"
        alone.write_bytes(part.init + data[: found(data, read_init(part.init))])
        assert len(run_tool("-i", alone, "-f", "rawvideo", "-pix_fmt", "gray", "-")) == 320 * 180
