"""Which pictures are looked at, and how re-uploads show a picture: cut at the edges, mirrored, turned. Banned material is hashed in all of these. Pure.

On that side alone: what is banned is little, what is uploaded is much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

FRAME_PX = 64  # every picture is shrunk to a square of so many grays
QUERY_RATE = 3  # pictures a second of an upload that are looked at
BAN_RATE = 8  # of banned material: denser, so that it does not matter where an upload's pictures fall
Box = tuple[int, int, int, int]  # left, top, right, bottom
ALL: Box = (0, 0, FRAME_PX, FRAME_PX)


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture of 64x64, and how it is turned; the mirroring comes after the turning."""

    box: Box = ALL
    is_mirrored: bool = False
    is_upside_down: bool = False
    is_turned: bool = False  # rows become columns; with one of the two above: by a quarter

    def within(self, box: Box) -> View:
        """Return the same view of what lies in a box: the content within black borders."""
        left, top, right, bottom = box
        width, height = (right - left) / FRAME_PX, (bottom - top) / FRAME_PX
        inner = (
            left + round(self.box[0] * width),
            top + round(self.box[1] * height),
            left + round(self.box[2] * width),
            top + round(self.box[3] * height),
        )
        return replace(self, box=inner)


WHOLE = View()
# Pixels of 64 that are cut from each side: 5, 9, 14, 20 and 30 % of the picture's width are lost at two of them ...
CENTRED = (2, 3, 5, 7, 10)
# ... and about a tenth at one side, or at a corner.
AT_ONE_SIDE = 6


def _boxes() -> Iterator[Box]:
    yield ALL
    for cut in CENTRED:
        yield (cut, cut, FRAME_PX - cut, FRAME_PX - cut)
    near, far = AT_ONE_SIDE, FRAME_PX - AT_ONE_SIDE
    for left, right in ((0, FRAME_PX), (near, FRAME_PX), (0, far)):
        for top, bottom in ((0, FRAME_PX), (near, FRAME_PX), (0, far)):
            if (left, top, right, bottom) != ALL:
                yield (left, top, right, bottom)


def _views() -> Iterator[View]:
    for box in _boxes():
        yield View(box)
        yield View(box, is_mirrored=True)
    yield View(is_turned=True, is_mirrored=True)  # by a quarter to the right
    yield View(is_turned=True, is_upside_down=True)  # to the left
    yield View(is_mirrored=True, is_upside_down=True)  # by a half


VIEWS = tuple(_views())
