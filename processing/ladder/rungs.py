"""Which rungs a picture of a given size gets."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gilfoyle.lib.config import RungSettings
from processing.media import Rung

NEIGHBOUR_RATIO = Fraction(8, 10)  # a rung larger than this share of the one above it is not worth its bits


def plan_rungs(width: Fraction, height: Fraction, ladder: Sequence[RungSettings]) -> tuple[Rung, ...]:
    """Return the rungs, largest first, at least one, none larger than the upright picture of width x height.

    A rung's box is longest side x shortest side, so it is turned for portrait. A source between two rungs keeps
    its own size as the top rung, under the settings of the rung above it.
    """
    longest, shortest = max(width, height), min(width, height)
    scales = [min(rung.width / longest, rung.height / shortest, Fraction(1)) for rung in ladder]
    whole = [number for number, scale in enumerate(scales) if scale == 1]
    rungs: list[Rung] = []
    kept_scale: Fraction | None = None
    for number in range(whole[-1] if whole else 0, len(ladder)):
        scale = scales[number]
        if kept_scale is not None and scale > kept_scale * NEIGHBOUR_RATIO:
            continue
        rung = _rung(width, height, scale, ladder[number])
        if rung.name not in {other.name for other in rungs}:
            rungs.append(rung)
            kept_scale = scale
    return tuple(rungs)


def _rung(width: Fraction, height: Fraction, scale: Fraction, settings: RungSettings) -> Rung:
    even = _even(width, scale), _even(height, scale)
    return Rung(
        name=f"v{min(even)}",
        width=even[0],
        height=even[1],
        crf=settings.crf,
        max_bitrate_bps=settings.max_bitrate_bps,
    )


def _even(length: Fraction, scale: Fraction) -> int:
    """Return the scaled length as the nearest even number (4:2:0 knows no other), at least 2, none above the source's."""
    return max(2, min(round(length * scale / 2), length // 2) * 2)
