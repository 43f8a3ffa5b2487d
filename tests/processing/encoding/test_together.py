from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.encoding.together import measure_offset
from videos.segment_index import SegmentIndex, SegmentRun, merge_runs

FRAME_S = Fraction(1, 25)


def index(timescale: int, *durations: int, start: int = 0) -> SegmentIndex:
    return merge_runs(timescale, [SegmentRun(0, start, durations, (1,) * len(durations))])


PICTURE = index(12_800, 51_200, 51_200, 25_600)  # 4 + 4 + 2 s
SOUND = index(48_000, 188 * 1024, 187 * 1024, 94 * 1024)


def test_what_was_cut_on_one_grid_belongs_together() -> None:
    offset = measure_offset(PICTURE, SOUND)
    assert offset.start_s == 0
    assert offset.worst_border_s == Fraction(188 * 1024, 48_000) - 4
    assert offset.problems(frame_s=FRAME_S) == ()


def test_a_sound_that_is_late_short_or_cut_elsewhere_is_told() -> None:
    late = measure_offset(PICTURE, index(48_000, 192_000, 192_000, 96_000, start=2400))
    assert late.problems(frame_s=FRAME_S) == (
        "the sound begins 50 ms after the picture",
        "segments of the two begin up to 50 ms apart",
    )
    assert late.problems(frame_s=Fraction(1, 15)) == ()
    short = measure_offset(PICTURE, index(48_000, 192_000, 192_000, 48_000))
    assert short.problems(frame_s=FRAME_S) == ("the sound ends -1000 ms after the picture",)
    drifting = measure_offset(PICTURE, index(48_000, 187_000, 187_000, 106_000))
    assert drifting.problems(frame_s=FRAME_S) == ("segments of the two begin up to 208 ms apart",)


def test_nothing_can_not_be_compared() -> None:
    with pytest.raises(ValueError, match="nothing"):
        measure_offset(PICTURE, SegmentIndex(48_000, ()))


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=20), st.integers(-(10**6), 10**6))
def test_a_shift_shows_as_it_is(durations: list[int], shift: int) -> None:
    offset = measure_offset(index(48_000, *durations), index(48_000, *durations, start=shift))
    assert offset.start_s == offset.end_s == Fraction(shift, 48_000)
    assert offset.worst_border_s == abs(offset.start_s)
