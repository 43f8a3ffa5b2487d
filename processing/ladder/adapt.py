"""Fits a ladder to its video: fewer bits where the pictures are easy, and no rung that adds nothing.

What is known is a trial: short samples of one H.264 rung at the ladder's own quality and at a coarser one. The lowest
rungs, which open a video before its trial is over, stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from processing.ladder.chunks import opening_names
from processing.ladder.further import LARGEST_CRF
from processing.media import FIRST_CODEC, Rung, VideoPlan

TRIAL_SIDE_PX = 540  # scored at about this size: the middle of most ladders, and cheap
TRIAL_STEP = 5  # CRF between the two qualities that are scored
MAX_RAISE = 5.0
SMALLEST_SLOPE = 0.2  # VMAF a CRF step: flatter ones are noise
BITS_STEP = 6  # x264: six CRF steps halve the bits, more or less
# Bits grow a little faster than pixels where pictures are easy: measured 0.9 to 1.2, and the most is the safe guess.
BITS_BY_PIXELS = 1.2


@dataclass(frozen=True, slots=True)
class Trial:
    """What samples of one rung showed: its mean bit rate, and the VMAF of each at the ladder's CRF and a coarser one."""

    bitrate_bps: int
    scores: tuple[
        tuple[float, float], ...
    ]  # (at the ladder's CRF, at TRIAL_STEP above); none where none is known


def trial_rung(plan: VideoPlan) -> Rung:
    """Return the H.264 rung that is scored."""
    rungs = [rung for rung in plan.rungs if rung.codec == FIRST_CODEC]
    return min(rungs, key=lambda rung: abs(min(rung.width, rung.height) - TRIAL_SIDE_PX))


def adapt_ladder(plan: VideoPlan, trial: Trial, *, target_vmaf: float) -> VideoPlan:
    """Return the plan with the qualities and rungs that this video needs, and without samples."""
    raised = crf_raise(trial, target_vmaf=target_vmaf)
    dropped = _heights_that_add_nothing(plan, trial, raised)
    rungs = tuple(
        replace(rung, crf=min(rung.crf + raised, LARGEST_CRF[rung.codec]))
        for rung in plan.rungs
        if _shortest(rung) not in dropped
    )
    kept = {rung.name for rung in rungs}
    chunks = tuple(
        replace(chunk, rung_names=tuple(name for name in chunk.rung_names if name in kept))
        for chunk in plan.chunks
    )
    return replace(plan, rungs=rungs, chunks=chunks, samples=())


def crf_raise(trial: Trial, *, target_vmaf: float) -> float:
    """Return by how much CRF may rise, in halves, until the hardest half of the samples is down at the target."""
    if not trial.scores:
        return 0.0
    hardest = sorted(trial.scores)[: (len(trial.scores) + 1) // 2]
    now = sum(score for score, _ in hardest) / len(hardest)
    later = sum(score for _, score in hardest) / len(hardest)
    slope = max(SMALLEST_SLOPE, (now - later) / TRIAL_STEP)
    return max(0.0, min(MAX_RAISE, int(2 * (now - target_vmaf) / slope) / 2))


def _heights_that_add_nothing(plan: VideoPlan, trial: Trial, raised: float) -> Collection[int]:
    """Return the sizes that nobody needs: the next larger one fits the lowest rung's cap, so whoever has any can have it."""
    ladder = [rung for rung in plan.rungs if rung.codec == FIRST_CODEC]
    begun = opening_names(tuple(rung.name for rung in ladder))
    tried = trial_rung(plan)
    dropped: set[int] = set()
    larger = ladder[0]
    for rung in ladder[1:]:
        growth = (larger.width * larger.height / (tried.width * tried.height)) ** BITS_BY_PIXELS
        bits_bps = trial.bitrate_bps * growth * 2 ** (-raised / BITS_STEP)
        if rung.name not in begun and bits_bps <= ladder[-1].max_bitrate_bps:
            dropped.add(_shortest(rung))
        else:
            larger = rung
    return dropped


def _shortest(rung: Rung) -> int:
    return min(rung.width, rung.height)
