"""Whether a day stands out among those before it. Pure.

A day stands out when it has at least the floor, at least so many times the usual day, and lies further from it than
days usually do. The usual day is the median of the 28 before, so that one wild day changes it little; how far days
lie from it is the median of their distances (MAD), as wide as a standard deviation would be. Days before the first of
which anything is known don't count: who is new has no usual day yet, and stands out by the floor alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from statistics import median

LOOKED_BACK_DAYS = 28
SPREADS = 6.0
MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True, slots=True)
class Outlier:
    """A day that stands out: what it has, and what the usual day had; `days` were looked at."""

    amount: float
    usual: float
    days: int

    @property
    def times(self) -> float | None:
        """How many usual days it has; None where the usual day has nothing."""
        return self.amount / self.usual if self.usual else None


def judge_day(amount: float, before: Sequence[float], *, floor: float, times: float) -> Outlier | None:
    """Return what makes a day stand out among those before it (in order, the latest last), or None.

    `floor` is the least that is worth a word; `times` the least ratio to the usual day. A floor of 0: never.
    """
    known = list(dropwhile(lambda one: not one, before[-LOOKED_BACK_DAYS:]))
    usual = float(median(known)) if known else 0.0
    spread = MAD_TO_DEVIATION * float(median(abs(one - usual) for one in known)) if known else 0.0
    if not floor or amount < max(floor, times * usual) or amount < usual + SPREADS * spread:
        return None
    return Outlier(amount, usual, len(known))


def judge_days(amounts: Sequence[float], *, floor: float, times: float) -> list[Outlier | None]:
    """Return for each day whether it stands out among those before it in the same sequence."""
    return [
        judge_day(amount, amounts[max(0, place - LOOKED_BACK_DAYS) : place], floor=floor, times=times)
        for place, amount in enumerate(amounts)
    ]
