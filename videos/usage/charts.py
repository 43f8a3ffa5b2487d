"""One measure by day, drawn as SVG on the server: bars, what stands out, and marks where something changed.

Colours are classes of the style sheet, so light and dark follow it; there is no text inside, which would be stretched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from videos.usage.figure_words import amount_and_what, amount_in_words, day_in_words, outlier_in_words
from videos.usage.figures import Series

STEP, BAR, HEIGHT, LEAST = 10, 7, 80, 2  # of the drawing, in its own units
MARK = 8  # the height of the strip below, where changes are marked


def draw_chart(series: Series, days: Sequence[date], changes: Mapping[date, Sequence[str]]) -> SafeString:
    """Return the chart of one measure; `changes` in words, by their days."""
    most = max((*series.amounts, 1.0))
    return format_html(
        '<svg class="gf-chart" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        len(days) * STEP,
        HEIGHT + MARK,
        describe_chart(series, days),
        format_html_join("", "<g><title>{}</title>{}</g>", _days(series, days, changes, most)),
    )


def describe_chart(series: Series, days: Sequence[date]) -> str:
    """Return what a chart shows, for those who don't see it."""
    measure, total = series.measure, series.total
    said = f"{measure.title} a day from {day_in_words(days[0])} to {day_in_words(days[-1])}"
    if not total:
        return f"{said}: none."
    place = max(range(len(days)), key=lambda one: series.amounts[one])
    most = amount_in_words(measure, series.amounts[place])
    outliers = sum(one is not None for one in series.outliers)
    more = f" {outliers} stand out." if outliers > 1 else " One stands out." if outliers else ""
    return f"{said}: {amount_and_what(measure, total)}, most on {day_in_words(days[place])} ({most}).{more}"


def _days(
    series: Series, days: Sequence[date], changes: Mapping[date, Sequence[str]], most: float
) -> Iterator[tuple[str, SafeString]]:
    for place, day in enumerate(days):
        amount, outlier = series.amounts[place], series.outliers[place]
        words = (
            outlier_in_words(series.measure, outlier) if outlier else amount_and_what(series.measure, amount)
        )
        changed = changes.get(day, ())
        told = "; ".join((f"{day_in_words(day)}: {words}", *changed))
        yield told, _day(place * STEP, amount / most, is_outlier=outlier is not None, is_marked=bool(changed))


def _day(x: int, share: float, *, is_outlier: bool, is_marked: bool) -> SafeString:
    parts = [
        format_html(
            '<rect class="gf-chart-day" x="{}" y="0" width="{}" height="{}"/>', x, STEP, HEIGHT + MARK
        )
    ]
    if is_marked:
        middle = x + STEP // 2
        parts.append(format_html('<path class="gf-chart-change" d="M{} 0V{}"/>', middle, HEIGHT))
        parts.append(
            format_html(
                '<rect class="gf-chart-mark" x="{}" y="{}" width="{}" height="{}"/>',
                x,
                HEIGHT + 2,
                STEP,
                MARK - 2,
            )
        )
    if share:
        height = max(LEAST, round(HEIGHT * share))
        kind = "gf-chart-bar gf-chart-out" if is_outlier else "gf-chart-bar"
        parts.append(
            format_html(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
                kind,
                x + (STEP - BAR) // 2,
                HEIGHT - height,
                BAR,
                height,
            )
        )
    return format_html_join("", "{}", ((part,) for part in parts))
