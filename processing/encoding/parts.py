"""Hands the segments of a rendition over in parts while the rest of it is still being made.

Parts are always cut at the same segments, so that one of a second attempt replaces exactly one of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.split import SplitSegment

OnPart = Callable[[EncodedRendition], None]


class Parts:
    """The segments of one rendition as they come. `on_part` None: nothing is handed over before the end.

    `sizes`: how many segments each part has, the last one for all that follow. `at_least`: how many there will be, as
    far as that is known.
    """

    def __init__(
        self,
        *,
        name: str,
        timescale: int,
        sizes: Sequence[int],
        on_part: OnPart | None,
        codec: str = "",
        at_least: int = 0,
    ) -> None:
        self.init = b""
        self.codec = codec
        self.begins_at = 0  # ticks of what was handed over
        self._name, self._timescale = name, timescale
        self._sizes, self._on_part, self._at_least = sizes, on_part, at_least
        self._waiting: list[SplitSegment] = []
        self._parts = self._handed_over = 0

    @property
    def waiting(self) -> tuple[SplitSegment, ...]:
        """What was not handed over yet."""
        return tuple(self._waiting)

    def add(self, segments: Iterable[SplitSegment]) -> None:
        """Take segments in, and give away the parts that are whole by now; whatever `on_part` raises comes through."""
        self._waiting += segments
        while self._on_part is not None and self._may_take(size := self._next_size()):
            self._on_part(self._take(size))
            self._parts += 1

    def rest(self) -> EncodedRendition:
        """Return what was not handed over."""
        return self._take(len(self._waiting))

    def _may_take(self, size: int) -> bool:
        """Tell whether a part is whole, and another is sure to follow: the last part is never empty."""
        there = self._handed_over + len(self._waiting)
        return len(self._waiting) >= size and max(there, self._at_least) > self._handed_over + size

    def _next_size(self) -> int:
        return self._sizes[min(self._parts, len(self._sizes) - 1)]

    def _take(self, size: int) -> EncodedRendition:
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        part = EncodedRendition(
            name=self._name,
            init=self.init,
            codec=self.codec,
            timescale=self._timescale,
            first_segment=self._handed_over,
            start_ticks=self.begins_at,
            segments=tuple(
                EncodedSegment(segment.path, segment.fragment.duration_ticks, segment.size_bytes)
                for segment in taken
            ),
        )
        self._handed_over += size
        self.begins_at += sum(segment.fragment.duration_ticks for segment in taken)
        return part
