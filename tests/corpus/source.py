"""What a source of the corpus is: how it is made, and what must come of it.

Frames are known by the number that each carries (see `tests.clips`), and times are on the clock of what is played:
0 is when it begins.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

Make = Callable[[Path], Path]  # writes the source into a folder, and returns its path
Pictures = tuple[
    tuple[int, Fraction], ...
]  # the number of each frame of the source, and when it must be shown


@dataclass(frozen=True, slots=True)
class Played:
    """What an accepted source becomes."""

    rate: str = "30"  # frames a second of the grid; "" without a picture
    frames: int = 90
    size: tuple[int, int] = (320, 180)  # of the largest rung
    pictures: (
        Pictures | None
    ) = ()  # empty: `frames` of them, steady from zero on; None: they carry no numbers
    is_natural: bool = False  # each picture is compared with that of the source instead
    turned: str = ""  # the filter that turns the numbers upright again
    channels: int = 2  # of the sound that is heard first; 0 without any
    sounds: int = 1  # tracks of it, where there are any
    beeps: tuple[Fraction, ...] | None = ()  # empty: one at each whole second; None: there are none to hear
    seconds: str = ""  # how long it lasts, where there is no picture

    @property
    def frame_s(self) -> Fraction:
        return 1 / Fraction(self.rate) if self.rate else Fraction(1, 30)

    @property
    def duration_s(self) -> Fraction:
        return self.frames * self.frame_s if self.rate else Fraction(self.seconds)

    def shown(self) -> list[int] | None:
        """Return the number of the frame that each place of the grid must show: the last one that is due by then."""
        if self.pictures is None:
            return None
        if not self.pictures:
            return list(range(self.frames))
        due = [math.floor(when / self.frame_s + Fraction(1, 2)) for _, when in self.pictures]
        return [self.pictures[max(0, bisect_right(due, place) - 1)][0] for place in range(self.frames)]

    def heard(self) -> list[Fraction] | None:
        """Return when beeps must begin."""
        if self.beeps is None:
            return None
        # A rate beside a whole one makes the last frame end a little after the last second.
        return list(self.beeps or map(Fraction, range(math.ceil(self.duration_s - Fraction(1, 20)))))


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the corpus."""

    name: str
    about: str  # what is special, in a few words
    make: Make = field(repr=False)
    becomes: Played | str  # a string is the code of the refusal


def steady(fps: str, count: int, *, first: int = 0, late_s: str = "0") -> Pictures:
    """Return frames from number `first` on at a steady rate, the first of them at `late_s`."""
    return tuple((first + n, Fraction(late_s) + n / Fraction(fps)) for n in range(count))


def every_second(count: int, *, late_s: str = "0") -> tuple[Fraction, ...]:
    """Return the beginnings of `count` beeps, the first at `late_s`."""
    return tuple(Fraction(late_s) + second for second in range(count))
