"""A text track in segments of one fixed length, for HLS. Pure.

The grid is the same for every track and video, so that a number says which stretch of time is meant, whatever else
of the video is there yet. A cue that spans a border stands in every segment that it touches, with its own times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from videos.tracks.cues import Cue
from videos.tracks.webvtt import write_webvtt

SEGMENT_S = 4  # of the default settings' video segments
_SEGMENT_MS = SEGMENT_S * 1000
# Media time begins at zero, in every rendition: the zero of cues is that of the picture.
TIMESTAMP_MAP = "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0"


def count_segments(duration_s: float, *, is_complete: bool) -> int:
    """Return how many segments cover what can be played; while it grows, only those that it fills, and one at least."""
    share = duration_s / SEGMENT_S
    return max(1, math.ceil(share - 0.001 / SEGMENT_S) if is_complete else math.floor(share))


def cues_of_segment(cues: Sequence[Cue], number: int) -> tuple[Cue, ...]:
    """Return those of the cues that are shown in a segment."""
    start_ms, end_ms = number * _SEGMENT_MS, (number + 1) * _SEGMENT_MS
    return tuple(cue for cue in cues if cue.start_ms < end_ms and cue.end_ms > start_ms)


def write_segment(cues: Sequence[Cue], number: int) -> str:
    """Return a segment as WebVTT."""
    return write_webvtt(cues_of_segment(cues, number), header=(TIMESTAMP_MAP,))
