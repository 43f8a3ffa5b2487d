"""Plans what is taken out of an encoded picture: the tiles of its storyboard, the scenes of its preview. Pure.

Both are taken from a small rendition and not from the source: it is cheap to decode, it is no stranger's file, and
each of its segments begins with a key frame, so that of a long video a few segments are all that has to be read.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gilfoyle.lib.image_settings import StoryboardSettings
from videos.segment_index import PlayableRendition, SegmentIndex
from videos.storyboard import Storyboard

SHEET_SIDE = 10  # tiles in a row, and rows of a sheet
DENSE_TILES = 20  # a short video has about so many, ...
DENSEST_S = 1.0  # ... but not more than one a second
PREVIEW_S = 4.0
PREVIEW_SCENES = (Fraction(15, 100), Fraction(35, 100), Fraction(55, 100), Fraction(75, 100))
PREVIEW_RATE = 8


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Which segments are read, and what is taken of them."""

    storyboard: Storyboard
    segments: tuple[int, ...]
    rate: Fraction | None  # tiles a second, of all that is shown; None: the first picture of each segment


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of a rendition's time."""

    start_s: Fraction
    end_s: Fraction


@dataclass(frozen=True, slots=True)
class PreviewPlan:
    """Which segments are read, and which scenes are shown of them."""

    segments: tuple[int, ...]
    scenes: tuple[Scene, ...]

    @property
    def frame_count(self) -> int:
        return sum(max(1, math.ceil((scene.end_s - scene.start_s) * PREVIEW_RATE)) for scene in self.scenes)


def choose_rendition(renditions: Sequence[PlayableRendition], px: int) -> PlayableRendition | None:
    """Return the smallest whole video rendition of at least `px` pixels on its longest side, else the largest."""
    pictures = [one for one in renditions if one.kind == "video" and one.index.segments]
    longest_s = max((one.index.duration_s for one in pictures), default=0.0)
    whole = [one for one in pictures if one.index.duration_s >= longest_s - 1 / 1000]
    # Of two that are as large, the one that decodes faster.
    whole.sort(key=lambda one: (_longest_side(one), not one.codec.startswith("avc1")))
    return next((one for one in whole if _longest_side(one) >= px), whole[-1] if whole else None)


def _longest_side(rendition: PlayableRendition) -> int:
    return max(rendition.width or 0, rendition.height or 0)


def fitted_size(width: int, height: int, px: int) -> tuple[int, int]:
    """Return an even size of the same shape whose longest side is `px` at most; never larger."""
    scale = min(Fraction(1), Fraction(px, max(width, height)))
    return _even(width * scale), _even(height * scale)


def _even(side: Fraction) -> int:
    return max(2, 2 * round(side / 2))


def plan_tiles(rendition: PlayableRendition, settings: StoryboardSettings) -> TilePlan:
    """Return which pictures become tiles. The rendition must have segments."""
    index = rendition.index
    duration_s = float(_end_s(index))
    interval_s = _interval_s(duration_s, settings)
    width, height = fitted_size(rendition.width or 2, rendition.height or 2, settings.tile_px)
    longest_segment_s = max(segment.duration_ticks for segment in index.segments) / index.timescale
    if interval_s >= longest_segment_s * 0.75:  # near enough that a segment's beginning is the moment
        chosen = _segments_at(
            index, [Fraction(interval_s) * n for n in range(_count(duration_s, interval_s))]
        )
        times_s = tuple(float(_start_s(index, number)) for number in chosen)
        rate = None
    else:
        chosen = tuple(segment.number for segment in index.segments)
        count = min(_count(duration_s, interval_s), settings.max_tiles)
        rate = 1 / Fraction(interval_s).limit_denominator(1000)
        times_s = tuple(float(n / rate) for n in range(count))
    columns = min(SHEET_SIDE, len(times_s))
    rows = min(SHEET_SIDE, -(-len(times_s) // columns))
    storyboard = Storyboard(width, height, columns, rows, (0.0, *times_s[1:]), duration_s)
    return TilePlan(storyboard, chosen, rate)


def _interval_s(duration_s: float, settings: StoryboardSettings) -> float:
    dense_s = min(settings.interval_s, max(DENSEST_S, duration_s / DENSE_TILES))
    # Whole milliseconds, so that the last tile is never one too many.
    return math.ceil(max(dense_s, duration_s / settings.max_tiles) * 1000) / 1000


def _count(duration_s: float, interval_s: float) -> int:
    return max(1, math.ceil(duration_s / interval_s - 1e-6))


def _segments_at(index: SegmentIndex, times_s: Sequence[Fraction]) -> tuple[int, ...]:
    """Return the segments that begin nearest to the times, each once."""
    starts_s = [_start_s(index, number) for number in range(len(index.segments))]
    nearest = []
    for time_s in times_s:
        before = max(0, bisect_right(starts_s, time_s) - 1)
        after = min(before + 1, len(starts_s) - 1)
        nearest.append(min(before, after, key=lambda number: abs(starts_s[number] - time_s)))
    return tuple(dict.fromkeys(nearest))


def plan_preview(rendition: PlayableRendition) -> PreviewPlan:
    """Return which scenes a preview shows: the beginnings of a few segments, as long together as a glance."""
    index = rendition.index
    end_s = _end_s(index)
    chosen = _segments_at(index, [end_s * share for share in PREVIEW_SCENES])
    scene_s = Fraction(PREVIEW_S) / len(chosen)
    scenes = []
    for number in chosen:
        start_s = _start_s(index, number)
        length_s = Fraction(index.segments[number].duration_ticks, index.timescale)
        scenes.append(Scene(start_s, start_s + min(scene_s, length_s)))
    return PreviewPlan(chosen, tuple(scenes))


def _start_s(index: SegmentIndex, number: int) -> Fraction:
    return Fraction(index.segments[number].start_ticks, index.timescale)


def _end_s(index: SegmentIndex) -> Fraction:
    last = index.segments[-1]
    return Fraction(last.start_ticks + last.duration_ticks, index.timescale)
