from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from processing.encoding.remux import remux
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition, EncodePlan
from tests.clips import make_clip, read_numbers, remux_clip
from tests.processing.sources import B_FRAMES
from tests.processing.whole_encode import ENCODING, plan_of

TWO_SECONDS = (*B_FRAMES, "-bf", "3", "-g", "60", "-sc_threshold", "0")


def copied(source: Path, folder: Path, plan: EncodePlan) -> list[EncodedRendition]:
    folder.mkdir()
    parts: list[EncodedRendition] = []
    parts.append(remux(source, plan, work_dir=folder, encoding=ENCODING, on_part=parts.append))
    return parts


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_every_frame_is_there_in_its_time(name: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / name, duration_s=7, fps="30000/1001", video_args=TWO_SECONDS)
    plan = plan_of(source)[1]
    assert plan.copy is not None
    parts = copied(source, tmp_path / "work", plan)
    segments = [segment for part in parts for segment in part.segments]
    assert parts[0].first_segment == 0
    assert len(parts[0].segments) == 1, "the first is handed over by itself, so that it can be played"
    assert len(segments) == 4
    seconds = [segment.duration_ticks / plan.copy.timescale for segment in segments]
    assert sum(seconds) == pytest.approx(plan.copy.frame_count * 1001 / 30000, abs=0.002)
    assert max(seconds) <= plan.copy.longest_segment_s
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(parts[0].init + b"".join(segment.path.read_bytes() for segment in segments))
    assert read_numbers(joined) == list(range(plan.copy.frame_count))
    assert parts[0].codec.startswith("avc1.64")


def test_a_source_that_starts_late_is_brought_to_zero(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "plain.mp4", video_args=TWO_SECONDS)
    source = remux_clip(tmp_path / "ten.mkv", plain, args=("-output_ts_offset", "10"))
    plan = plan_of(source)[1]
    assert plan.copy is not None
    assert plan.copy.zero_ticks > 0
    parts = copied(source, tmp_path / "work", plan)
    assert parts[0].start_ticks == 0


def test_a_segment_that_is_longer_than_players_were_told_is_found(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=9, video_args=TWO_SECONDS)
    plan = plan_of(source)[1]
    assert plan.copy is not None
    assert plan.copy.target_duration_s == 2
    told_less = replace(plan, copy=replace(plan.copy, longest_segment_s=Fraction(1)))
    with pytest.raises(EncodeUnverified, match="at most 1 s"):
        copied(source, tmp_path / "work", told_less)


def test_frames_that_are_missing_are_found(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", video_args=TWO_SECONDS)
    plan = plan_of(source)[1]
    assert plan.copy is not None
    short = replace(plan, copy=replace(plan.copy, frame_count=plan.copy.frame_count + 1))
    with pytest.raises(EncodeUnverified, match="90 frames, not 91"):
        copied(source, tmp_path / "work", short)


def test_a_picture_of_another_size_is_found(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", video_args=TWO_SECONDS)
    plan = plan_of(source)[1]
    assert plan.copy is not None
    other = replace(plan, copy=replace(plan.copy, width=640))
    with pytest.raises(EncodeUnverified, match="size of"):
        copied(source, tmp_path / "work", other)


def test_a_plan_without_a_copy_is_a_mistake(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.webm")
    plan = plan_of(source)[1]
    assert plan.copy is None
    with pytest.raises(ValueError, match="no copy"):
        remux(source, plan, work_dir=tmp_path, encoding=ENCODING)
