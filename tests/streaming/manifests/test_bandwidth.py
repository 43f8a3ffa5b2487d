from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.bandwidth import (
    BURST,
    average_bandwidth_bps,
    bandwidth_bps,
    peak_bitrate_bps,
    target_duration_s,
)
from tests.streaming.manifests.presentations import AUDIO, LADDER, growing, index_of, rung
from videos.segment_index import PlayableRendition

CAP_BPS = LADDER.video[2].bandwidth_cap_bps


def test_a_last_frame_alone_is_no_peak():
    index = index_of(25, [100, 100, 1], [50_000, 60_000, 1_000])
    assert peak_bitrate_bps(index) == round(61_000 * 8 * 25 / 101)  # less than five seconds together
    assert peak_bitrate_bps(index_of(25, [100, 100, 51], [50_000, 60_000, 40_000])) == round(
        40_000 * 8 * 25 / 51
    )
    assert peak_bitrate_bps(index_of(25, [1], [30_000])) == 30_000 * 8 * 25
    assert peak_bitrate_bps(index_of(25, [], [])) == 0


def test_short_segments_count_together():
    # Of a copy whose target is 6 s: from 3 to 9 s, and no single second.
    index = index_of(25, [25] * 12, [90_000, *[10_000] * 10, 50_000])
    assert peak_bitrate_bps(index, 6) == round(110_000 * 8 / 3)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_the_peak_is_the_largest_of_all_windows(spans):
    ticks, sizes = zip(*spans, strict=True)
    index = index_of(25, list(ticks), list(sizes))
    target = target_duration_s(index.segments, 25)
    rates = [
        Fraction(sum(sizes[a:b]) * 8 * 25, sum(ticks[a:b]))
        for a in range(len(ticks))
        for b in range(a + 1, len(ticks) + 1)
        if target * 25 <= 2 * sum(ticks[a:b]) <= 3 * target * 25
    ]
    wanted = max(rates, default=Fraction(0)) or Fraction(sum(sizes) * 8 * 25, sum(ticks))
    assert abs(peak_bitrate_bps(index) - wanted) <= Fraction(1, 2)


def test_a_growing_rung_reserves_its_cap_and_what_a_burst_takes():
    small = growing(LADDER.video[2], 1)
    assert bandwidth_bps([small]) == CAP_BPS
    assert bandwidth_bps([small], burst=BURST) == CAP_BPS * 3 // 2
    large = growing(rung(1080, 1920, "avc1.640028", 9_000_000), 1)
    assert bandwidth_bps([large], burst=BURST) == peak_bitrate_bps(large.index) > CAP_BPS * 3 // 2


def of_segments(*sizes: int) -> PlayableRendition:
    index = index_of(25, [100] * len(sizes), list(sizes))
    return dataclasses.replace(LADDER.video[2], index=index, is_complete=False)


def test_eight_segments_tell_what_the_others_are_like():
    assert bandwidth_bps([of_segments(*[250_000] * 7)], burst=BURST) == CAP_BPS * 3 // 2
    assert bandwidth_bps([of_segments(*[250_000] * 8)], burst=BURST) == 500_000 * 5 // 4
    assert bandwidth_bps([of_segments(*[250_000] * 8)]) == CAP_BPS
    assert bandwidth_bps([of_segments(*[4_400_000] * 8)], burst=BURST) == CAP_BPS * 3 // 2
    assert bandwidth_bps([of_segments(*[4_600_000] * 8)], burst=BURST) == 4_600_000 * 2


@pytest.mark.parametrize(
    "one", [growing(AUDIO, 1), dataclasses.replace(growing(LADDER.video[2], 1), is_stopgap=True)]
)
def test_sound_and_copies_have_no_bursts(one: PlayableRendition):
    assert bandwidth_bps([one], burst=BURST) == max(one.bandwidth_cap_bps, peak_bitrate_bps(one.index))


def test_the_largest_companion_counts():
    louder = dataclasses.replace(AUDIO, name="a1", bandwidth_cap_bps=384_000, is_complete=False)
    assert bandwidth_bps([LADDER.video[0]], [AUDIO, louder]) == (
        peak_bitrate_bps(LADDER.video[0].index) + 384_000
    )
    assert average_bandwidth_bps([], []) == 1


@given(
    st.integers(1, 10),
    st.integers(1, 200),
    st.lists(st.integers(-2, 2), min_size=1, max_size=40),
    st.integers(0, 99),
)
def test_the_target_stays_while_a_playlist_grows(whole_s, hundredths, jitters, last):
    # Audio: each segment is a whole number of AAC frames near the grid, the last one shorter.
    nominal = round((whole_s + hundredths / 200) * 48_000 / 1024)
    ticks = [(nominal + (jitter % 2)) * 1024 for jitter in jitters] + [max(1, nominal * last // 100) * 1024]
    index = index_of(48_000, ticks, [1] * len(ticks))
    targets = {target_duration_s(index.segments[:count], 48_000) for count in range(1, len(ticks) + 1)}
    assert len(targets) == 1
