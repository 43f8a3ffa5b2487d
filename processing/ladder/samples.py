"""Which short stretches of a video are encoded for trial, to learn how hard its pictures are."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from processing.ffmpeg.formats import seek_setback_s
from processing.ladder.chunks import PRIORITY_BODY, Grid, make_chunk
from processing.media import Chunk, Rung

SHORTEST_VIDEO_S = 20  # below, a trial costs more than it saves
SAMPLE_S = Fraction(1, 2)
EVERY_S = 30  # so that a trial costs about a sixtieth of the encode ...
FULL_PIXELS = (
    3_700_000  # ... of a ladder from 1080p; a smaller one has fewer: much of a sample costs always the same
)
FEWEST, ENOUGH, MOST = 2, 4, 16
NEAR_S = 15  # a key frame so near saves decoding up to the wanted moment


def plan_samples(grid: Grid, *, frame_count: int, rungs: Sequence[Rung]) -> tuple[Chunk, ...]:
    """Return the samples, evenly spread, each right behind a key frame where one is near; none for short videos."""
    duration_s = frame_count / grid.rate
    if duration_s < SHORTEST_VIDEO_S:
        return ()
    count = _count(duration_s, pixels=sum(rung.width * rung.height for rung in rungs))
    names = tuple(rung.name for rung in rungs)
    length = min(grid.segment_frames, max(1, round(SAMPLE_S * grid.rate)))
    firsts = (
        _first_frame(grid, Fraction(2 * number + 1, 2 * count) * duration_s, frame_count - length)
        for number in range(count)
    )
    return tuple(
        make_chunk(grid, index, (first, first + length), names, PRIORITY_BODY)
        for index, first in enumerate(sorted(set(firsts)))
    )


def _count(duration_s: Fraction, *, pixels: int) -> int:
    share = Fraction(min(pixels, FULL_PIXELS), FULL_PIXELS)
    by_length = max(FEWEST, round(duration_s / EVERY_S))
    by_cost = round(duration_s / EVERY_S * share)
    return min(MOST, max(by_cost, min(by_length, ENOUGH)))


def _first_frame(grid: Grid, wanted_s: Fraction, latest: int) -> int:
    keys = grid.key_times_s
    before = bisect_right(keys, grid.zero_s + wanted_s)
    key_s = keys[before - 1] - grid.zero_s if before else wanted_s
    at_s = key_s if 0 <= wanted_s - key_s <= NEAR_S else wanted_s
    # The frame after the key frame's: a cut reads from a key frame before it.
    behind_s = at_s + seek_setback_s(grid.container)
    return max(0, min(latest, math.floor(behind_s * grid.rate) + 1))
