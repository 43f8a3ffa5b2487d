"""When the segments of a revision play: read from its index, and kept for a while. Asked by the counting thread alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streaming.bounded_cache import BoundedCache
from streaming.counting.watched import SegmentTime
from videos.catalog.selectors import list_playable_renditions
from videos.segment_index import PlayableRendition

KEPT_S = 300.0
GROWING_AGE_S = 2.0
Times = Mapping[str, tuple[SegmentTime, ...]]


class SegmentTimes:
    """Looks up when segments play."""

    def __init__(
        self, load: Callable[[str, str], tuple[PlayableRendition, ...]] = list_playable_renditions
    ) -> None:
        self._load = load
        self._kept: BoundedCache[tuple[str, str], Times] = BoundedCache(256)

    def find(self, video_id: str, revision: str, rendition: str, number: int) -> SegmentTime | None:
        """Return when a segment plays; None where there is no such (any more)."""
        for age_s in (KEPT_S, GROWING_AGE_S):  # what is kept may be older than the segment
            times = self._kept.get_or_load(
                (video_id, revision), lambda: self._read(video_id, revision), age_s
            ).get(rendition, ())
            if number < len(times):
                return times[number]
        return None

    def _read(self, video_id: str, revision: str) -> Times:
        return {one.name: times_of(one) for one in self._load(video_id, revision)}


def times_of(rendition: PlayableRendition) -> tuple[SegmentTime, ...]:
    """Return the times of a rendition's segments; the first begins the video."""
    segments, scale = rendition.index.segments, rendition.index.timescale
    begin = segments[0].start_ticks if segments else 0
    last = len(segments) - 1 if rendition.is_complete else -1
    return tuple(
        SegmentTime(
            (one.start_ticks - begin) / scale,
            (one.start_ticks + one.duration_ticks - begin) / scale,
            one.number == last,
            one.size_bytes,
        )
        for one in segments
    )
