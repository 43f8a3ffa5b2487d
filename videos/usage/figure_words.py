"""Figures as they are read: amounts in their units, and what stands out in a sentence."""

from __future__ import annotations

from datetime import date

from gilfoyle.lib.admin_words import size_in_words
from videos.usage.measures import Measure
from videos.usage.standing_out import Outlier


def amount_in_words(measure: Measure, amount: float) -> str:
    """Return an amount with its unit, short: 1,204, or 3.2 GB. Usual days may be halves: 0.5."""
    if measure.unit == "bytes":
        return size_in_words(int(amount))
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:,.1f}"


def amount_and_what(measure: Measure, amount: float) -> str:
    """Return an amount and what it is of: "1 report", "3.2 GB in"."""
    return f"{amount_in_words(measure, amount)} {measure.one if amount == 1 else measure.many}"


def outlier_in_words(measure: Measure, outlier: Outlier) -> str:
    """Return what stands out: "140 uploads, 7 times the usual day (20)"."""
    said = amount_and_what(measure, outlier.amount)
    if not outlier.days:
        return f"{said}, and none in the four weeks before"
    if outlier.times is None:
        return f"{said}, and none on a usual day"
    times = f"{outlier.times:,.0f}" if outlier.times >= 10 else f"{outlier.times:.1f}".removesuffix(".0")
    return f"{said}, {times} times the usual day ({amount_in_words(measure, outlier.usual)})"


def day_in_words(day: date) -> str:
    """Return a day as 3 Nov."""
    return f"{day.day} {day:%b}"
