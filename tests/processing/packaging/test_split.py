from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from processing.packaging.boxes import MalformedBox, find_box
from processing.packaging.fragments import build_fragment
from processing.packaging.split import AudioRegrouper, SplitSegment, VideoSplitter

INIT = struct.pack(">I4s4s", 12, b"ftyp", b"cmfc") + struct.pack(">I4sI4s", 16, b"moov", 8, b"trak")
INDEX = struct.pack(">I4s4s", 12, b"sidx", b"what")


def fragment(start: int, count: int) -> bytes:
    samples = [f"sample {number}.".encode() for number in range(start, start + count)]
    return build_fragment(sequence=7, decode_time=start * 1024, sample_duration=1024, samples=samples)


def write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def regroup(encoded: Path, segment_ticks: Fraction, segment_count: int) -> list[SplitSegment]:
    return AudioRegrouper(
        encoded, folder=encoded.parent, segment_ticks=segment_ticks, segment_count=segment_count
    ).finish()


def test_each_fragment_becomes_a_numbered_segment(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", INIT, INDEX, fragment(0, 3), INDEX, fragment(3, 2))
    splitter = VideoSplitter(encoded, folder=tmp_path, first_segment=41)
    segments = splitter.finish()
    assert splitter.init == INIT
    assert [segment.path.name for segment in segments] == ["00041.m4s", "00042.m4s"]
    assert [segment.fragment.decode_time for segment in segments] == [0, 3 * 1024]
    data = segments[1].path.read_bytes()
    assert segments[1].size_bytes == len(data) == len(fragment(3, 2))
    assert data[-20:] == fragment(3, 2)[-20:]
    assert find_box(data, ("moof", "mfhd")).body(data)[4:] == struct.pack(">I", 43)


def test_sound_is_cut_at_multiples_of_the_segment(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", INIT, fragment(0, 50), fragment(50, 50), fragment(100, 41))
    segment_ticks = Fraction(10_240) * 47 / 10  # 47 samples, and not where the fragments end
    segments = regroup(encoded, segment_ticks, 3)
    assert [s.fragment.decode_time for s in segments] == [0, 47 * 1024, 94 * 1024]
    assert [s.fragment.duration_ticks for s in segments] == [47 * 1024] * 3
    media = b"".join(segment.path.read_bytes() for segment in segments)
    places = [media.index(f"sample {number}.".encode()) for number in range(141)]
    assert places == sorted(places)


def test_sound_does_not_drift_from_segments_that_are_no_whole_samples(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", INIT, *(fragment(start, 10) for start in range(0, 1000, 10)))
    segment_ticks = Fraction(48_048)
    segments = regroup(encoded, segment_ticks, 99)
    for number, segment in enumerate(segments):
        assert abs(segment.fragment.decode_time - number * segment_ticks) <= 512


def test_what_is_left_over_goes_into_the_last_segment(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", INIT, fragment(0, 21))
    segments = regroup(encoded, Fraction(10_240), 2)
    assert [len(segment.fragment.samples) for segment in segments] == [10, 11]


def test_sound_that_jumps_is_malformed(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", INIT, fragment(0, 5), fragment(6, 5))
    with pytest.raises(MalformedBox, match="jumps"):
        regroup(encoded, Fraction(48_000), 9)


def test_sound_comes_as_the_file_grows(tmp_path: Path) -> None:
    whole = INIT + b"".join(fragment(start, 10) for start in range(0, 40, 10))
    encoded = tmp_path / "e.mp4"
    regrouper = AudioRegrouper(encoded, folder=tmp_path, segment_ticks=Fraction(10 * 1024), segment_count=4)
    assert regrouper.read_more() == []
    came: list[int] = []
    with encoded.open("wb", buffering=0) as file:
        for at in range(0, len(whole), 17):  # boxes are cut anywhere
            file.write(whole[at : at + 17])
            came += [segment.fragment.decode_time for segment in regrouper.read_more()]
    # A segment is known to be whole when the first sample of the next is there.
    assert came == [0, 10 * 1024, 20 * 1024]
    assert [segment.fragment.decode_time for segment in regrouper.finish()] == [30 * 1024]
    assert regrouper.init == INIT


def test_init_segments_hold_no_user_data(tmp_path: Path) -> None:
    told = struct.pack(">I4s4s", 12, b"udta", b"GPS!")
    moov = struct.pack(">I4s", 8 + 8 + len(told), b"moov") + struct.pack(">I4s", 8, b"trak") + told
    encoded = write(tmp_path / "e.mp4", INIT[:12], moov, fragment(0, 3))
    regrouper = AudioRegrouper(encoded, folder=tmp_path, segment_ticks=Fraction(48_000), segment_count=1)
    regrouper.finish()
    splitter = VideoSplitter(encoded, folder=tmp_path)
    splitter.finish()
    assert splitter.init == regrouper.init == INIT


def test_sound_cut_within_a_box_is_malformed(tmp_path: Path) -> None:
    encoded = write(tmp_path / "e.mp4", (INIT + fragment(0, 3))[:-1])
    with pytest.raises(MalformedBox, match="ends within"):
        regroup(encoded, Fraction(48_000), 9)


@pytest.mark.parametrize("missing", [1, 5, 30])
def test_a_file_that_ends_early_is_malformed(tmp_path: Path, missing: int) -> None:
    whole = INIT + fragment(0, 3)
    encoded = write(tmp_path / "e.mp4", whole[:-missing])
    with pytest.raises(MalformedBox):
        VideoSplitter(encoded, folder=tmp_path).finish()
