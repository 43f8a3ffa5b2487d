from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.packaging.boxes import MalformedBox, find_box, iter_boxes, walk_boxes
from processing.packaging.fragments import (
    build_fragment,
    read_fragment,
    read_init,
    renumber,
    without_user_data,
)
from tests.clips import make_clip

FRAGMENTED = ("-movflags", "+cmaf+frag_keyframe+empty_moov+default_base_moof+skip_trailer")


def parts(path: Path) -> tuple[bytes, list[bytes]]:
    """Split by the walker alone: init, and each moof with its mdat."""
    data = path.read_bytes()
    found = list(iter_boxes(data))
    init = b"".join(data[b.start : b.end] for b in found if b.kind in ("ftyp", "moov"))
    return init, [data[b.start : b.end] for b in found if b.kind == "moof"]


def test_it_reads_what_ffmpeg_writes(tmp_path: Path) -> None:
    clip = make_clip(
        tmp_path / "a.mp4",
        duration_s=2,
        audio=False,
        video_args=("-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "3"),
        output_args=("-video_track_timescale", "30000", *FRAGMENTED),
    )
    init, moofs = parts(clip)
    facts = read_init(init)
    assert (facts.timescale, facts.sample_entry, facts.width, facts.height) == (30_000, "avc1", 320, 180)
    assert facts.decoder_config[0] == 1
    fragments = [read_fragment(moof) for moof in moofs]
    shown = sorted(sample.shown_at for fragment in fragments for sample in fragment.samples)
    assert shown == list(range(shown[0], shown[0] + 60 * 1000, 1000))
    assert [fragment.duration_ticks for fragment in fragments] == [30_000, 30_000]
    assert [fragment.samples[0].is_key for fragment in fragments] == [True, True]
    assert sum(sample.is_key for fragment in fragments for sample in fragment.samples) == 2


def test_it_reads_sound(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", duration_s=1, video=False, output_args=FRAGMENTED)
    facts = read_init(parts(clip)[0])
    assert (facts.timescale, facts.sample_entry, facts.width) == (48_000, "mp4a", 0)


@given(
    st.integers(0, 2**63),
    st.integers(1, 2**31),
    st.integers(1, 2**31),
    st.lists(st.binary(max_size=30), min_size=1, max_size=20),
)
def test_it_reads_what_it_builds(
    decode_time: int, sequence: int, duration: int, samples: list[bytes]
) -> None:
    data = build_fragment(
        sequence=sequence, decode_time=decode_time, sample_duration=duration, samples=samples
    )
    fragment = read_fragment(data)
    assert fragment.decode_time == decode_time
    assert [sample.size_bytes for sample in fragment.samples] == [len(sample) for sample in samples]
    assert {sample.duration_ticks for sample in fragment.samples} == {duration}
    assert all(sample.is_key for sample in fragment.samples)
    moof, mdat = iter_boxes(data)
    assert mdat.body(data) == b"".join(samples)
    run = find_box(data, ("moof", "traf", "trun")).body(data)
    (offset,) = struct.unpack_from(">i", run, 8)
    assert offset == mdat.body_start - moof.start, "the first sample stands where the run says"


def test_a_fragment_gets_another_number_and_stays_the_same_otherwise() -> None:
    data = build_fragment(sequence=1, decode_time=5, sample_duration=7, samples=[b"x"])
    assert renumber(data, 9) == build_fragment(sequence=9, decode_time=5, sample_duration=7, samples=[b"x"])


@given(st.data())
def test_damaged_fragments_are_malformed_or_read(data: st.DataObject) -> None:
    whole = bytearray(build_fragment(sequence=1, decode_time=5, sample_duration=7, samples=[b"abc", b"d"]))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        assert read_fragment(cut).samples
    except MalformedBox:
        return


def test_a_run_that_promises_too_much_is_malformed() -> None:
    data = build_fragment(sequence=1, decode_time=5, sample_duration=7, samples=[b"abc"])
    at = find_box(data, ("moof", "traf", "trun")).body_start + 4
    with pytest.raises(MalformedBox, match="promises"):
        read_fragment(data[:at] + struct.pack(">I", 2**32 - 1) + data[at + 4 :])


def test_an_unknown_sample_entry_is_malformed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", duration_s=1, audio=False, output_args=FRAGMENTED)
    with pytest.raises(MalformedBox, match="sample entry"):
        read_init(parts(clip)[0].replace(b"avc1", b"xxxx"))


def test_user_data_is_taken_out_of_an_init_segment(tmp_path: Path) -> None:
    telling = ("-metadata", "location=+52.5+13.4/", "-metadata:s:v:0", "handler_name=Somebody")
    clip = make_clip(tmp_path / "a.mp4", duration_s=1, audio=False, output_args=(*telling, *FRAGMENTED))
    init = parts(clip)[0]
    assert "udta" in {box.kind for box in walk_boxes(init)}
    clean = without_user_data(init)
    assert not {"udta", "meta", "loci"} & {box.kind for box in walk_boxes(clean)}
    assert read_init(clean) == read_init(init)
    assert without_user_data(clean) == clean


def test_an_init_segment_without_a_track_is_malformed() -> None:
    with pytest.raises(MalformedBox):
        without_user_data(struct.pack(">I4s", 8, b"moov"))
