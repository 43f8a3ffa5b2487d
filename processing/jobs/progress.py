"""From the progress of steps to one honest percentage."""

from __future__ import annotations

from collections.abc import Iterable


def job_percent(steps: Iterable[tuple[float, float]]) -> int:
    """Return the percent done of (weight, share done) pairs: rounded down, and below 100 until the job is done."""
    total = done = 0.0
    for weight, share in steps:
        total += weight
        done += weight * min(1.0, max(0.0, share))
    return min(99, int(100 * done / total)) if total else 0
