"""How much of a presentation there is to load in a second, and how long its segments get at most (RFC 8216). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videos.segment_index import PlayableRendition, Segment, SegmentIndex

# x264 keeps below its cap with two seconds of buffer, of which 0.9 are full: 1.45 times the cap in a segment of 4 s.
BURST = Fraction(3, 2)
HEADROOM = Fraction(5, 4)  # over what was measured of a film that still grows
TELLING_SEGMENTS = 8  # so many tell what the others are like
JITTER_S = 0.05  # audio segments differ by up to two AAC frames; the target must not flip for that


def bandwidth_bps(
    renditions: Sequence[PlayableRendition],
    companions: Sequence[PlayableRendition] = (),
    *,
    burst: Fraction = Fraction(1),
) -> int:
    """Return the peak that a player must be able to load: of the renditions and of the largest companion.

    Measured; while a rendition grows, its cap stands for what is still to come, and for pictures `burst` times that: what a
    single segment may reach. A player that waits for a moment at its beginning needs no burst.
    """
    total = sum(_peak_bps(one, burst) for one in renditions)
    total += max((_peak_bps(one, burst) for one in companions), default=0)
    return max(total, average_bandwidth_bps(renditions, companions))


def _peak_bps(one: PlayableRendition, burst: Fraction) -> int:
    measured = peak_bitrate_bps(one.index, one.target_duration_s) if one.index.segments else 0
    if one.is_complete:
        return measured
    # Sound keeps to its rate, and the cap of a copy is a guess with room in it.
    is_capped = one.kind == "video" and not one.is_stopgap and burst > 1
    expected = rounded(one.bandwidth_cap_bps * (burst if is_capped else Fraction(1)))
    if is_capped and len(one.index.segments) >= TELLING_SEGMENTS:
        # As RFC 8216 (4.3.4.2) wants it: of "a representative period of similar content".
        expected = min(expected, rounded(measured * HEADROOM))
    return max(measured, expected)


def peak_bitrate_bps(index: SegmentIndex, target_s: int | None = None) -> int:
    """Return the largest bit rate of any contiguous segments that last 0.5 to 1.5 times the target (RFC 8216, 4.1)."""
    if not index.segments:
        return 0
    target_s = target_s or target_duration_s(index.segments, index.timescale)
    spans = [(segment.duration_ticks, segment.size_bytes) for segment in index.segments]
    return largest_rate_bps(spans, index.timescale, target_s)


def largest_rate_bps(spans: Sequence[tuple[int, int]], timescale: int, target_s: int) -> int:
    """Return the same of any (ticks, bytes) that follow each other; where all is shorter than that, of all together.

    A last segment of a few frames would otherwise make a film look too heavy for its viewers.
    """
    least, most = Fraction(target_s * timescale, 2), Fraction(target_s * timescale * 3, 2)
    best = Fraction(0)
    for first in range(len(spans)):
        ticks = size_bytes = 0
        for one_ticks, one_bytes in spans[first:]:
            ticks, size_bytes = ticks + one_ticks, size_bytes + one_bytes
            if ticks > most:
                break
            if ticks >= least:
                best = max(best, Fraction(size_bytes, ticks))
    if not best:
        ticks, size_bytes = sum(ticks for ticks, _ in spans), sum(size for _, size in spans)
        best = Fraction(size_bytes, max(1, ticks))
    return rounded(best * 8 * timescale)


def average_bandwidth_bps(
    renditions: Sequence[PlayableRendition], companions: Sequence[PlayableRendition] = ()
) -> int:
    """Return the measured mean bit rate of the renditions and the largest companion."""
    beside = max((one.index.average_bitrate_bps for one in companions), default=0)
    return max(1, sum(one.index.average_bitrate_bps for one in renditions) + beside)


def own_target_s(rendition: PlayableRendition) -> int:
    """Return the target duration of a rendition by itself. Raises: ValueError without segments."""
    return rendition.target_duration_s or target_duration_s(
        rendition.index.segments, rendition.index.timescale
    )


def target_duration_s(segments: Sequence[Segment], timescale: int) -> int:
    """Return a target that no rounded segment exceeds, and that the first segment alone settles on an even grid.

    So it stays the same while the playlist grows, as RFC 8216 (6.2.1) demands.
    Raises: ValueError without segments.
    """
    if not segments:
        message = "A playlist needs a segment."
        raise ValueError(message)
    settled = rounded(Fraction(segments[0].duration_ticks, timescale) + Fraction(JITTER_S))
    longest = max(segment.duration_ticks for segment in segments)
    return max(1, settled, rounded(Fraction(longest, timescale)))


def rounded(value: Fraction) -> int:
    """Return the nearest whole number, of two the larger."""
    return math.floor(value + Fraction(1, 2))
