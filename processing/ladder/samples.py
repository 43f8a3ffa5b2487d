"""Which short stretches of a video are encoded for trial, to learn how hard its pictures are."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction

from processing.ladder.chunks import PRIORITY_BODY, Grid, make_chunk
from processing.media import Chunk

SHORTEST_VIDEO_S = 20  # below, a trial costs more than it saves
SAMPLE_S = Fraction(1, 2)
EVERY_S = 30  # so that a trial costs about a sixtieth of the encode
FEWEST, MOST = 2, 16
NEAR_S = 15  # a key frame so near saves decoding up to the wanted moment


def plan_samples(grid: Grid, *, frame_count: int, rung_names: tuple[str, ...]) -> tuple[Chunk, ...]:
    """Return the samples, evenly spread, each right behind a key frame where one is near; none for short videos."""
    duration_s = frame_count / grid.rate
    if duration_s < SHORTEST_VIDEO_S:
        return ()
    count = min(MOST, max(FEWEST, round(duration_s / EVERY_S)))
    length = min(grid.segment_frames, max(1, round(SAMPLE_S * grid.rate)))
    firsts = (
        _first_frame(grid, Fraction(2 * number + 1, 2 * count) * duration_s, frame_count - length)
        for number in range(count)
    )
    return tuple(
        make_chunk(grid, index, (first, first + length), rung_names, PRIORITY_BODY)
        for index, first in enumerate(sorted(set(firsts)))
    )


def _first_frame(grid: Grid, wanted_s: Fraction, latest: int) -> int:
    keys = grid.key_times_s
    before = bisect_right(keys, grid.zero_s + wanted_s)
    key_s = keys[before - 1] - grid.zero_s if before else wanted_s
    at_s = key_s if 0 <= wanted_s - key_s <= NEAR_S else wanted_s
    # The frame after the key frame's: a cut reads from a key frame before it.
    return max(0, min(latest, math.floor(at_s * grid.rate) + 1))
