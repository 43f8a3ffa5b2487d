"""Damaged sources are shown as far as they can be; everything that was planned comes out, on the grid."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from processing.encoding.encode_chunk import encode_chunk
from processing.encoding.tolerant import encode_what_can_be_heard, encode_what_can_be_shown, with_gaps_filled
from processing.errors import EncodeUnverified, SourceRejected, ToolFailed
from processing.media import EncodedRendition, EncodePlan
from tests.clips import make_clip
from tests.processing import facts
from tests.processing.damaged import FRAMES, RATE, lose_pictures, make_motion_jpeg
from tests.processing.whole_encode import ENCODING, SMALL_CHUNKS, plan_of


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Path, EncodePlan]:
    """A source of three seconds, and its plan: chunks of one second."""
    source = make_motion_jpeg(tmp_path / "a.avi", audio=False)
    return source, plan_of(source, SMALL_CHUNKS)[1]


def encode(source: Path, plan: EncodePlan, index: int, folder: Path) -> tuple[EncodedRendition, ...]:
    folder.mkdir()
    return encode_what_can_be_shown(source, plan, plan.chunks[index], work_dir=folder, encoding=ENCODING)


def test_pictures_that_are_lost_at_both_ends_of_a_chunk_are_filled_from_the_others(
    planned: tuple[Path, EncodePlan], tmp_path: Path
) -> None:
    source, plan = planned
    index = len(plan.chunks) - 1
    chunk = plan.chunks[index]
    assert chunk.first_frame > 0
    first, end = chunk.first_frame, chunk.end_frame
    cut = lose_pictures(source, tmp_path / "b.avi", range(first - 2 * RATE, first + 3))
    cut = lose_pictures(cut, cut, range(end - 3, end))
    strict = tmp_path / "strict"
    strict.mkdir()
    with pytest.raises((EncodeUnverified, ToolFailed)):
        encode_chunk(cut, plan, chunk, work_dir=strict, encoding=ENCODING)
    assert plan.video is not None
    for rendition in encode(cut, plan, index, tmp_path / "w"):
        ticks = sum(segment.duration_ticks for segment in rendition.segments)
        assert ticks == (chunk.end_frame - chunk.first_frame) * plan.video.frame_ticks
        assert rendition.is_mended


def test_a_chunk_of_which_nothing_is_left_is_the_source_s_fault(
    planned: tuple[Path, EncodePlan], tmp_path: Path
) -> None:
    source, plan = planned
    nothing = lose_pictures(source, tmp_path / "b.avi", range(10, FRAMES))
    with pytest.raises(SourceRejected, match="damaged at 0:00:0"):
        encode(nothing, plan, len(plan.chunks) - 1, tmp_path / "w")


def test_a_source_that_can_t_even_be_opened_is_refused_in_words(
    planned: tuple[Path, EncodePlan], tmp_path: Path
) -> None:
    source, plan = planned
    data = bytearray(source.read_bytes())
    data[8:2000] = bytes(1992)
    source.write_bytes(data)
    with pytest.raises(SourceRejected, match="damaged at 0:00:0") as caught:
        encode(source, plan, len(plan.chunks) - 1, tmp_path / "w")
    assert caught.value.code == "source_unreadable"


def test_a_mistake_of_ours_is_neither_mended_nor_called_the_source_s(
    planned: tuple[Path, EncodePlan], tmp_path: Path
) -> None:
    source, plan = planned
    chunk = plan.chunks[-1]
    too_late = replace(chunk, seek_s=plan.chunks[0].first_frame + Fraction(28, 10))
    folder = tmp_path / "w"
    folder.mkdir()
    with pytest.raises((EncodeUnverified, ToolFailed)):
        encode_what_can_be_shown(source, plan, too_late, work_dir=folder, encoding=ENCODING)
    assert not (tmp_path / "w" / "mended").exists()


def test_sound_with_noise_in_it_is_encoded_to_its_end(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp3", video=False)
    plan = plan_of(source)[1]
    data = bytearray(source.read_bytes())
    middle = data.find(b"\xff\xfb", len(data) // 2)
    data[middle + 2] ^= 0x0C  # this frame says another sample rate
    data[middle + 300 : middle + 900] = bytes(600)
    source.write_bytes(data)
    folder = tmp_path / "w"
    folder.mkdir()
    sound = encode_what_can_be_heard(source, plan, plan.audio[0], work_dir=folder, encoding=ENCODING)
    assert sum(segment.duration_ticks for segment in sound.segments) >= 48_000 * 2.9


def test_filling_keeps_the_chunk_s_place() -> None:
    chunk = facts.plan(facts.info()).chunks[-1]
    filled = with_gaps_filled(chunk)
    assert filled.fills_gaps
    assert (filled.first_frame, filled.end_frame) == (chunk.first_frame, chunk.end_frame)
    assert filled.hold_frames >= chunk.end_frame - chunk.first_frame
