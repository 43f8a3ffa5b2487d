"""Which part of a video a clip opens: the segments, whole, that have anything of it. Pure.

Players can begin at segments only, so what is listed may show a little more than the clip: up to a segment's length
before and behind. Playlists and permission are both made of this, so that what is listed is what may be had.

Sound has segments of its own. Players count from where the first of all begins, and some never begin where there is sound
and no picture yet: so the picture begins no later than the sound does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from streaming.tokens.claims import Clip
from videos.tracks.segmenting import SEGMENT_S

if TYPE_CHECKING:
    from videos.segment_index import PlayableRendition, SegmentIndex
    from videos.tracks.cues import Cue

NOTHING = range(0)
# Sound is cut near the borders of pictures, by whole frames of its own: what reaches beyond one is not worth a segment.
JITTER_MS = 50
_TEXT_SEGMENT_MS = SEGMENT_S * 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """The segments of one rendition that a clip opens, by number; `is_final`: no others will follow."""

    numbers: range
    is_final: bool


def find_segments(index: SegmentIndex, clip: Clip) -> range:
    """Return the numbers of the segments that have anything of the clip, as far as they are there."""
    segments, scale = index.segments, index.timescale
    # Whole numbers, so that nothing is lost by rounding: thousandths of ticks against ticks of milliseconds.
    first = bisect_right(
        segments, clip.start_ms * scale, key=lambda one: (one.start_ticks + one.duration_ticks) * 1000
    )
    stop = bisect_left(segments, clip.end_ms * scale, key=lambda one: one.start_ticks * 1000)
    return range(segments[first].number, segments[stop - 1].number + 1) if first < stop else NOTHING


def reaches_end(index: SegmentIndex, clip: Clip) -> bool:
    """Tell whether all of the clip is there."""
    if not index.segments:
        return False
    last = index.segments[-1]
    return (last.start_ticks + last.duration_ticks) * 1000 >= clip.end_ms * index.timescale


def open_segments(renditions: Sequence[PlayableRendition], clip: Clip) -> dict[str, Opened]:
    """Return what a clip opens of each rendition of a revision, by name."""
    sounds = [one for one in renditions if one.kind == "audio"]
    opened = {one.name: _open_sound(one, clip) for one in sounds}
    begins_ms = [
        one.index.segments[opened[one.name].numbers[0]].start_ticks * 1000 // one.index.timescale + JITTER_MS
        for one in sounds
        if opened[one.name].numbers
    ]
    seen = replace(clip, start_ms=min(clip.start_ms, *begins_ms)) if begins_ms else clip
    is_sound_final = not any(is_awaited(one, opened[one.name]) for one in sounds)
    for one in renditions:
        if one.kind == "video":
            is_final = (one.is_complete or reaches_end(one.index, clip)) and is_sound_final
            opened[one.name] = Opened(find_segments(one.index, seen), is_final)
    return opened


def _open_sound(sound: PlayableRendition, clip: Clip) -> Opened:
    is_final = sound.is_complete or reaches_end(sound.index, clip)
    kept = Clip(clip.start_ms + JITTER_MS, clip.end_ms - JITTER_MS)
    numbers = find_segments(sound.index, kept) if kept.start_ms < kept.end_ms else NOTHING
    return Opened(numbers or find_segments(sound.index, clip), is_final)


def is_awaited(rendition: PlayableRendition, opened: Opened) -> bool:
    """Tell whether a rendition that still grows has not come to what is opened of it."""
    return not rendition.is_complete and not opened.numbers


def cut_rendition(rendition: PlayableRendition, opened: Opened) -> PlayableRendition:
    """Return a rendition as if it had these segments alone; numbers and times stay as they are."""
    index = rendition.index
    kept = tuple(one for one in index.segments if one.number in opened.numbers)
    return replace(rendition, index=replace(index, segments=kept), is_complete=opened.is_final)


def find_origin_s(renditions: Sequence[PlayableRendition]) -> Fraction:
    """Return the time of the video at which players begin to count in a clip, from renditions that are cut to it.

    That is where the first picture begins, or without pictures the first sound.
    """
    listed = [one for one in renditions if one.index.segments]
    if not listed:
        return Fraction(0)
    first = min(listed, key=lambda one: (one.kind == "audio", one.is_stopgap))
    return Fraction(first.index.segments[0].start_ticks, first.index.timescale)


def find_text_segments(clip: Clip) -> range:
    """Return the numbers of a text track's segments that have anything of the clip."""
    return range(clip.start_ms // _TEXT_SEGMENT_MS, -(-clip.end_ms // _TEXT_SEGMENT_MS))


def cut_cues(cues: Sequence[Cue], clip: Clip, *, origin_ms: int = 0) -> tuple[Cue, ...]:
    """Return what a text track says within the clip, and while; times count from `origin_ms`."""
    return tuple(
        replace(
            cue,
            start_ms=max(cue.start_ms, clip.start_ms) - origin_ms,
            end_ms=min(cue.end_ms, clip.end_ms) - origin_ms,
        )
        for cue in cues
        if cue.start_ms < clip.end_ms and cue.end_ms > clip.start_ms
    )
