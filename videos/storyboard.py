"""What a storyboard is: small pictures of a video, tile by tile on sheets. Written by processing, read by streaming."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

UNEVEN_S = 0.05  # less is rounding to frames


@dataclass(frozen=True, slots=True)
class Tile:
    """One small picture: what is to be seen from `start_s` to `end_s`, and where it stands on which sheet."""

    start_s: float
    end_s: float
    sheet: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Storyboard:
    """All tiles of a video, row by row on sheets of `columns` x `rows`; tile n shows the picture at `times_s[n]`."""

    tile_width: int
    tile_height: int
    columns: int
    rows: int
    times_s: tuple[float, ...]
    duration_s: float

    @property
    def sheet_count(self) -> int:
        return -(-len(self.times_s) // (self.columns * self.rows))

    @property
    def even_tile_s(self) -> float | None:
        """For how long each tile stands; None where one of them begins elsewhere than that would say."""
        if len(self.times_s) < 2:
            return self.duration_s or None
        tile_s = self.times_s[-1] / (len(self.times_s) - 1)
        is_even = all(abs(at_s - number * tile_s) < UNEVEN_S for number, at_s in enumerate(self.times_s))
        return tile_s if is_even else None

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles in the order of time; each lasts until the next begins."""
        for number, start_s in enumerate(self.times_s):
            is_last = number + 1 == len(self.times_s)
            end_s = max(self.duration_s, start_s) if is_last else self.times_s[number + 1]
            sheet, place = divmod(number, self.columns * self.rows)
            row, column = divmod(place, self.columns)
            yield Tile(start_s, end_s, sheet, column * self.tile_width, row * self.tile_height)

    def to_json(self) -> dict[str, Any]:
        """Return this as JSON-ready dict."""
        return {
            "tile_width": self.tile_width,
            "tile_height": self.tile_height,
            "columns": self.columns,
            "rows": self.rows,
            "times_s": list(self.times_s),
            "duration_s": self.duration_s,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**{**document, "times_s": tuple(document["times_s"])})
