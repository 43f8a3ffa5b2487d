"""Hands the segments of a rendition over in parts while the rest of it is still being made.

Parts are always cut at the same segments, so that one of a second attempt replaces exactly one of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.split import SplitSegment

OnPart = Callable[[EncodedRendition], None]


@dataclass(frozen=True, slots=True)
class PartSizes:
    """How many segments the first part has (enough to begin to play), and each later one."""

    first: int
    later: int


class Parts:
    """The segments of one rendition as they come. `on_part` None: nothing is handed over before the end."""

    def __init__(
        self, *, name: str, timescale: int, sizes: PartSizes, on_part: OnPart | None, codec: str = ""
    ) -> None:
        self.init = b""
        self.codec = codec
        self.begins_at = 0  # ticks of what was handed over
        self._name, self._timescale = name, timescale
        self._sizes, self._on_part = sizes, on_part
        self._waiting: list[SplitSegment] = []
        self._handed_over = 0

    @property
    def waiting(self) -> tuple[SplitSegment, ...]:
        """What was not handed over yet."""
        return tuple(self._waiting)

    def add(self, segments: Iterable[SplitSegment]) -> None:
        """Take segments in, and give away the parts that are whole by now; whatever `on_part` raises comes through."""
        self._waiting += segments
        # One more than a part is kept back, so that the last part is never empty.
        while self._on_part is not None and len(self._waiting) > (size := self._next_size()):
            self._on_part(self._take(size))

    def rest(self) -> EncodedRendition:
        """Return what was not handed over."""
        return self._take(len(self._waiting))

    def _next_size(self) -> int:
        return self._sizes.later if self._handed_over else self._sizes.first

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
