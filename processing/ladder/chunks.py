"""Cuts the frame grid into chunks: a short opening, then long bodies, all on the segment grid."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from gilfoyle.lib.config import Container
from processing.ffmpeg.formats import seek_margin_s, seek_setback_s
from processing.media import Chunk, VideoStream

FIRST_RUNGS = 2  # of a ladder of at least FULL_LADDER rungs, this many lowest ones open the video
FULL_LADDER = 4
LEEWAY = 4  # a chunk may be a quarter shorter or longer, to begin nearer behind a key frame ...
LEAST_SAVED_S = 1  # ... where that saves decoding so much of the source
LONG_BODIES = 8  # of a video of more than so many, the last ones are ever shorter: its workers end together
LEAST_SEGMENTS = 2  # of those
TICKS_OFF = 6  # of a frame's length: a clock so fine can't put a frame on the place of the next one
SPARE_S = 1  # an index may promise a few frames more than decoders give
PRIORITY_OPENING, PRIORITY_OPENING_NEXT, PRIORITY_OPENING_REST, PRIORITY_BODY, PRIORITY_FURTHER = range(5)
PRIORITIES_OF_OPENING = (PRIORITY_OPENING, PRIORITY_OPENING_NEXT)  # in the lowest rungs


@dataclass(frozen=True, slots=True)
class Grid:
    """What all chunks of a video share."""

    stream: VideoStream
    key_times_s: tuple[Fraction, ...]
    container: Container
    zero_s: Fraction
    rate: Fraction
    segment_frames: int

    def seek_s(self, first_frame: int) -> Fraction | None:
        """Return where to look for the last key frame from which on all is seen that is shown from `first_frame` on."""
        if first_frame == 0:
            return None
        latest_s = self._latest_s(first_frame)
        begins_s = self._begins_s(latest_s)
        if begins_s <= self.stream.first_s:
            return None  # some demuxers fail when asked for earlier
        # Never beyond the latest: of dense key frames not all are known, and one behind it would be too late.
        return min(begins_s + seek_setback_s(self.container), latest_s)

    def lead_in_s(self, first_frame: int) -> Fraction:
        """Return how much of the source is decoded for nothing before a cut, at most."""
        if first_frame == 0:
            return self.zero_s - self.stream.first_s
        latest_s = self._latest_s(first_frame) - seek_setback_s(self.container)
        return self.zero_s + first_frame / self.rate - self._begins_s(latest_s)

    def _latest_s(self, first_frame: int) -> Fraction:
        """Return when reading must have begun: one frame earlier, or with the frame itself where that is sure to be there."""
        if self._is_exact:
            return self.zero_s + first_frame / self.rate + self.stream.tick_s
        return self.zero_s + (first_frame - 1) / self.rate

    @property
    def _is_exact(self) -> bool:
        """Whether a key frame of the source on the place of a cut is exactly the picture that is wanted there.

        Elsewhere the frame before it may still be shown, or its fields or an inexact index be needed.
        """
        stream = self.stream
        return (
            self.container == "mp4"
            and stream.is_plainly_coded
            and stream.is_constant_rate
            and not stream.is_interlaced
            and stream.tick_s * TICKS_OFF <= 1 / self.rate
        )

    def _begins_s(self, latest_s: Fraction) -> Fraction:
        """Return where reading begins for the last key frame of until then."""
        before = bisect_right(self.key_times_s, latest_s)
        first_s = self.stream.first_s
        return (
            max(first_s, self.key_times_s[before - 1] - seek_margin_s(self.container)) if before else first_s
        )

    def hold_frames(self, end_frame: int) -> int:
        """Return how many frames the last picture must last for."""
        # The last frame is there by itself; what it lasts beyond one step is not.
        pictures_end = math.floor((self.stream.last_s - self.zero_s) * self.rate)
        missing = end_frame - pictures_end
        return missing + math.ceil(SPARE_S * self.rate) if missing > 0 else 0


def plan_chunks(
    grid: Grid,
    *,
    frame_count: int,
    rung_names: tuple[str, ...],
    opening_s: float,
    chunk_s: float,
    is_waited_for: bool = True,
    further: Sequence[tuple[str, ...]] = (),
) -> tuple[Chunk, ...]:
    """Return the chunks in the order in which they are wanted: the opening in the lowest rungs, its rest, bodies.

    `rung_names` is largest first. Where somebody waits for the opening to play, its first segment is a chunk of its
    own; else the opening is one chunk in all rungs, which reads the source once. `further` holds the rung names of each further codec; its chunks come after all others. Every rung's frames are
    covered exactly once.
    """
    opening_end = _opening_end(grid, frame_count, _whole_segments(opening_s, grid), is_twice=is_waited_for)
    lowest = len(opening_names(rung_names))
    first_end = min(opening_end, grid.segment_frames)
    spans = [((0, opening_end), rung_names, PRIORITY_OPENING_REST)]
    if is_waited_for:
        spans = [
            ((0, first_end), rung_names[-lowest:], PRIORITY_OPENING),
            ((first_end, opening_end), rung_names[-lowest:], PRIORITY_OPENING_NEXT),
            ((0, opening_end), rung_names[:-lowest], PRIORITY_OPENING_REST),
        ]
    borders = _borders(grid, opening_end, frame_count, _whole_segments(chunk_s, grid))
    bodies = list(pairwise(borders))
    spans += [(body, rung_names, PRIORITY_BODY) for body in bodies]
    for priority, names in enumerate(further, PRIORITY_FURTHER):
        spans += [(span, names, priority) for span in [(0, opening_end), *bodies]]
    wanted = [(span, names, priority) for span, names, priority in spans if names and span[0] < span[1]]
    return tuple(make_chunk(grid, index, *chunk) for index, chunk in enumerate(wanted))


def opening_names(rung_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return which rungs open a video, of those of a ladder, largest first: they are in each plan."""
    return rung_names[-(FIRST_RUNGS if len(rung_names) >= FULL_LADDER else 1) :]


def _opening_end(grid: Grid, frame_count: int, segments: int, *, is_twice: bool) -> int:
    """Return where the opening ends: as asked for, or a little later where the body has less to decode for nothing then.

    `is_twice`: the opening is decoded for its lowest rungs and once more for the others.
    """

    def wasted_s(count: int) -> Fraction:
        length = count * grid.segment_frames
        return grid.lead_in_s(length) + (length / grid.rate if is_twice else 0)

    usual = segments * grid.segment_frames
    if segments == 1 or usual >= frame_count:  # of one segment alone, a second chunk would cost more
        return min(usual, frame_count)
    later = range(segments + 1, segments + max(1, segments // LEEWAY) + 1)
    better = [
        count
        for count in later
        if count * grid.segment_frames < frame_count and wasted_s(segments) - wasted_s(count) >= LEAST_SAVED_S
    ]
    return min(better, key=wasted_s, default=segments) * grid.segment_frames


def _borders(grid: Grid, first: int, end: int, segments: int) -> list[int]:
    """Return where bodies begin, and the end."""
    borders = [first]
    is_long = end - first > LONG_BODIES * segments * grid.segment_frames
    while first < end:
        left = math.ceil(Fraction(end - first, grid.segment_frames))
        wanted = _wanted_segments(left, segments) if is_long else segments
        first = _next_border(grid, first, end, wanted) if left > wanted else end
        borders.append(first)
    return borders


def _wanted_segments(left: int, segments: int) -> int:
    """Return how long the next body is, of so much that is left: at the end half of it, so that no worker has the last for long."""
    return min(segments, max(LEAST_SEGMENTS, math.ceil(left / 2)))


def _next_border(grid: Grid, first: int, end: int, segments: int) -> int:
    """Return the border after `first`: as far as wanted, or where the next chunk has clearly less to decode for nothing."""

    def lead_in_s(count: int) -> Fraction:
        return grid.lead_in_s(first + count * grid.segment_frames)

    usual_s = lead_in_s(segments)
    leeway = segments // LEEWAY
    better = [
        count
        for count in range(segments - leeway, segments + leeway + 1)
        if first + count * grid.segment_frames < end
        and usual_s - lead_in_s(count) >= LEAST_SAVED_S
        # Also for each second that is encoded: in a source with a single key frame shorter chunks would cost more.
        and lead_in_s(count) * segments < usual_s * count
    ]
    best = min(better, key=lambda count: (lead_in_s(count) / count, abs(count - segments)), default=segments)
    return first + best * grid.segment_frames


def _whole_segments(seconds: float, grid: Grid) -> int:
    return max(1, round(Fraction(seconds) * grid.rate / grid.segment_frames))


def make_chunk(grid: Grid, index: int, span: tuple[int, int], names: tuple[str, ...], priority: int) -> Chunk:
    """Return the chunk of the frames [span[0], span[1]) in the rungs `names`."""
    first, end = span
    return Chunk(
        index=index,
        first_frame=first,
        end_frame=end,
        first_segment=first // grid.segment_frames,
        rung_names=names,
        priority=priority,
        seek_s=grid.seek_s(first),
        hold_frames=grid.hold_frames(end),
    )
