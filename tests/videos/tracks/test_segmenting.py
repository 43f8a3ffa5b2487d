from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.tracks.cleaning import read_track
from videos.tracks.cues import Cue
from videos.tracks.segmenting import SEGMENT_S, count_segments, cues_of_segment, write_segment


@pytest.mark.parametrize(
    ("duration_s", "is_complete", "count"),
    [(0.5, True, 1), (4, True, 1), (4.0005, True, 1), (4.5, True, 2), (8.008, False, 2), (3, False, 1), (11.9, False, 2)],
)  # fmt: skip
def test_segments_cover_what_can_be_played(duration_s, is_complete, count):
    assert count_segments(duration_s, is_complete=is_complete) == count


def test_a_cue_stands_in_every_segment_that_it_touches():
    cues = (Cue(0, 4000, "first"), Cue(3999, 8001, "spans"), Cue(8000, 9000, "third"))
    assert cues_of_segment(cues, 0) == cues[:2]
    assert cues_of_segment(cues, 1) == (cues[1],)
    assert cues_of_segment(cues, 2) == cues[1:]
    assert cues_of_segment(cues, 3) == ()


def test_a_segment_says_where_its_times_belong():
    assert write_segment((Cue(3000, 5000, "x"),), 1) == (
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n00:00:03.000 --> 00:00:05.000\nx\n"
    )
    assert write_segment((), 7) == "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 20_000)), min_size=1, max_size=20))
def test_all_segments_together_are_the_track(times):
    cues = tuple(Cue(start, start + length, f"{n}") for n, (start, length) in enumerate(sorted(times)))
    end_ms = max(cue.end_ms for cue in cues)
    seen: set[Cue] = set()
    for number in range(count_segments(end_ms / 1000, is_complete=True)):
        shown = cues_of_segment(cues, number)
        if shown:
            assert read_track(write_segment(cues, number).encode()) == tuple(
                sorted(shown, key=lambda cue: (cue.start_ms, cue.end_ms))
            )
        assert all(cue.end_ms > number * SEGMENT_S * 1000 for cue in shown)
        seen.update(shown)
    # A rest of less than a millisecond makes no segment of its own.
    assert seen >= {cue for cue in cues if cue.start_ms < end_ms - 1}
