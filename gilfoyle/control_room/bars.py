"""Bars drawn as SVG on the server: no script, and colours by classes of the style sheet, so light and dark follow it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STEP, BAR, HEIGHT, LEAST = 10, 7, 60, 2  # of the drawing, in its own units


def draw_bars(amounts: Sequence[float], words: Sequence[str], *, told: str) -> SafeString:
    """Return one bar for each amount, with its words as its tooltip; `told` says it all to who doesn't see it."""
    most = max((*amounts, 0)) or 1
    bars = (
        (said, place * STEP, STEP, HEIGHT, *_bar(place, amount / most))
        for place, (amount, said) in enumerate(zip(amounts, words, strict=True))
    )
    return format_html(
        '<svg class="gf-bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        len(amounts) * STEP,
        HEIGHT,
        told,
        format_html_join(
            "",
            '<g><title>{}</title><rect class="gf-bars-ground" x="{}" y="0" width="{}" height="{}"/>'
            '<rect class="gf-bars-bar" x="{}" y="{}" width="{}" height="{}"/></g>',
            bars,
        ),
    )


def _bar(place: int, share: float) -> tuple[float, int, int, int]:
    height = max(LEAST, round(HEIGHT * share)) if share else 0
    return place * STEP + (STEP - BAR) / 2, HEIGHT - height, BAR, height
