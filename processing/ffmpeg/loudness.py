"""How loud a sound is, and what brings it to a wanted loudness (EBU R 128): one gain for all of it, and a limiter."""

from __future__ import annotations

import re
from dataclasses import dataclass

SILENCE_LUFS = -70.0  # the meter's own gate: below it, and for less than 0.4 s of sound, there is no loudness
MAX_GAIN_DB = 24.0  # more would bring up nothing but noise
CEILING_DB = -2.0  # what leaves the limiter: encoders add up to one decibel, and -1 dBTP is the limit
TRUE_PEAK_MARGIN_DB = 3.0  # how far the wave may rise between samples; measuring it would take twice the time
MAX_LIMITED_DB = 12.0  # more than that off the peaks is heard

_SUMMARY = re.compile(
    r"Summary:\s+Integrated loudness:\s+I:\s+(?P<loudness>-?[\d.]+|-?inf|-?nan) LUFS.*?"
    r"Sample peak:\s+Peak:\s+(?P<peak>-?[\d.]+|-?inf|-?nan) dBFS",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Loudness:
    """What the meter found."""

    integrated_lufs: float
    sample_peak_db: float


@dataclass(frozen=True, slots=True)
class Level:
    """What is done to every sample."""

    gain_db: float
    is_limited: bool


UNCHANGED = Level(0.0, is_limited=False)


def parse_loudness(said: str) -> Loudness | None:
    """Return what `ebur128` says at its end; None where it heard nothing, or said nothing that can be read."""
    last = said.rpartition("Summary:")
    found = _SUMMARY.match(last[1] + last[2])
    if found is None:
        return None
    try:
        measured = Loudness(float(found["loudness"]), float(found["peak"]))
    except ValueError:
        return None
    is_sound = SILENCE_LUFS < measured.integrated_lufs < float("inf") and abs(measured.sample_peak_db) < 1000
    return measured if is_sound else None


def plan_level(measured: Loudness | None, target_lufs: float) -> Level:
    """Return what brings a sound to the target: silence stays as it is, and peaks are cut by no more than is not heard."""
    if measured is None:
        return UNCHANGED
    gain_db = min(target_lufs - measured.integrated_lufs, MAX_GAIN_DB)
    gain_db = min(gain_db, max(0.0, MAX_LIMITED_DB + CEILING_DB - measured.sample_peak_db))
    peak_db = measured.sample_peak_db + gain_db
    return Level(gain_db=round(gain_db, 2), is_limited=peak_db + TRUE_PEAK_MARGIN_DB > CEILING_DB)
