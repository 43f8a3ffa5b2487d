import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.segment_index import SegmentIndex, SegmentRun, join_runs, merge_runs

segments = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**8)), max_size=30)


def as_runs(pairs: list[tuple[int, int]], lengths: list[int]) -> list[SegmentRun]:
    """Cut (duration, size) pairs into runs of these lengths."""
    runs, first, start = [], 0, 0
    for length in [*lengths, len(pairs)]:
        part = pairs[first : first + length]
        if part:
            runs.append(SegmentRun(first, start, tuple(d for d, _ in part), tuple(s for _, s in part)))
        first, start = first + len(part), start + sum(d for d, _ in part)
    return runs


@given(
    pairs=segments, lengths=st.lists(st.integers(1, 7), max_size=8), shuffle=st.randoms(use_true_random=False)
)
def test_runs_in_any_order_make_the_same_index(pairs, lengths, shuffle) -> None:
    runs = as_runs(pairs, lengths)
    shuffle.shuffle(runs)
    index = merge_runs(1000, runs)
    assert [(s.duration_ticks, s.size_bytes) for s in index.segments] == pairs
    assert [s.number for s in index.segments] == list(range(len(pairs)))
    ends = [s.start_ticks + s.duration_ticks for s in index.segments]
    assert [s.start_ticks for s in index.segments] == [0, *ends][: len(pairs)]
    assert index.duration_s == pytest.approx(sum(d for d, _ in pairs) / 1000)
    assert index.size_bytes == sum(s for _, s in pairs)


@given(pairs=segments.filter(lambda pairs: len(pairs) > 3), missing=st.integers(0, 3))
def test_the_index_ends_at_the_first_gap(pairs, missing) -> None:
    runs = as_runs(pairs, [1] * len(pairs))
    del runs[missing]
    assert len(merge_runs(1000, runs).segments) == missing


def test_key_frames_are_known_where_every_segment_has_one() -> None:
    known, unknown = SegmentRun(0, 0, (10, 10), (9, 8), (5, 4)), SegmentRun(2, 20, (10,), (7,))
    assert merge_runs(1000, [known]).has_key_frames
    assert not merge_runs(1000, [known, unknown]).has_key_frames
    assert not merge_runs(1000, [SegmentRun(0, 0, (10, 10), (9, 8), (5, 0))]).has_key_frames
    assert not merge_runs(1000, []).has_key_frames
    assert [one.key_frame_bytes for one in merge_runs(1000, [known, unknown]).segments] == [5, 4, 0]
    with pytest.raises(ValueError, match="shorter"):
        merge_runs(1000, [SegmentRun(0, 0, (1, 2), (1, 2), (1,))])


def test_runs_that_follow_each_other_are_one() -> None:
    known, unknown = SegmentRun(3, 30, (10, 10), (9, 8), (5, 4)), SegmentRun(5, 50, (10,), (7,))
    assert join_runs(known, unknown) == SegmentRun(3, 30, (10, 10, 10), (9, 8, 7), (5, 4, 0))
    assert join_runs(unknown, SegmentRun(6, 60, (1,), (2,))) == SegmentRun(5, 50, (10, 1), (7, 2))
    with pytest.raises(ValueError, match="Segment 3 does not follow 5"):
        join_runs(unknown, known)


def test_the_average_bit_rate_is_that_of_all_segments() -> None:
    index = merge_runs(1000, [SegmentRun(0, 0, (4000, 2000), (1000, 4000))])
    assert index.average_bitrate_bps == round(5000 * 8 / 6)


def test_an_empty_index_has_no_rates() -> None:
    empty = SegmentIndex(1000, ())
    assert (empty.duration_s, empty.size_bytes, empty.average_bitrate_bps) == (0.0, 0, 0)
    assert merge_runs(1000, []) == empty


def test_a_time_line_that_begins_late_is_no_longer_for_it() -> None:
    assert merge_runs(1000, [SegmentRun(0, 5000, (1000,), (1,))]).duration_s == 1.0


def test_durations_and_sizes_belong_together() -> None:
    with pytest.raises(ValueError, match="shorter"):
        merge_runs(1000, [SegmentRun(0, 0, (1, 2), (1,))])
