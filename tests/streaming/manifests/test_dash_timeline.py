from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.dash_timeline import Stretch, duration_text, end_s, longest_s, stretches
from tests.streaming.manifests.presentations import AUDIO, LADDER, index_of
from videos.segment_index import Segment


@given(st.lists(st.integers(1, 3), max_size=50))
def test_stretches_are_few_and_say_the_same(durations):
    segments = index_of(1000, durations, [1] * len(durations)).segments
    found = list(stretches(segments))
    unrolled = [
        (one.start_ticks + at * one.duration_ticks, one.duration_ticks)
        for one in found
        for at in range(one.count)
    ]
    assert unrolled == [(one.start_ticks, one.duration_ticks) for one in segments]
    assert all(one.duration_ticks != after.duration_ticks for one, after in pairwise(found))


def test_a_gap_ends_a_stretch():
    segments = [Segment(0, 0, 10, 1), Segment(1, 10, 10, 1), Segment(2, 25, 10, 1)]
    assert list(stretches(segments)) == [Stretch(0, 10, 2), Stretch(25, 10, 1)]


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (Fraction(0), "PT0S"),
        (Fraction(8), "PT8S"),
        (Fraction(100), "PT100S"),
        (Fraction(4_010_667, 10**6), "PT4.010667S"),
        (Fraction(1, 3), "PT0.333333S"),
    ],
)
def test_durations(duration_s, text):
    assert duration_text(duration_s) == text


def test_ends_and_the_longest():
    assert end_s(AUDIO) == Fraction(446 * 1024, 48_000)
    assert longest_s([LADDER.video[0], AUDIO]) == Fraction(188 * 1024, 48_000)
