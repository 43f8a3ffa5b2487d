"""What follows from strikes: how many points a decision leaves, what they come to, and where that leads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gilfoyle.lib.strike_settings import StrikeSteps
from videos.moderation.policy import Kind
from videos.moderation.reasons import Reason

GOOD, REVIEW_FIRST, LIMITED, FROZEN = "good", "review_first", "limited", "frozen"
LEVELS = (GOOD, REVIEW_FIRST, LIMITED, FROZEN)
# What a person decides about a video for good. A hold is no verdict, a label no fault.
STRIKING = frozenset({Kind.RESTRICT, Kind.BLOCK, Kind.PURGE})
_BY_SEVERITY = ((95, 4), (80, 2), (20, 1))


@dataclass(frozen=True, slots=True)
class Counted:
    """A strike as it counts: for which video, how much, until when."""

    video_id: str
    weight: int
    expires_at: datetime


def weight_of(reason: Reason, weights: Mapping[Any, int]) -> int:
    """Return how many points a strike for this reason has; 0: there is none."""
    fallback = next((points for severity, points in _BY_SEVERITY if reason.severity >= severity), 0)
    return weights.get(reason.code, fallback)


def points_of(strikes: Iterable[Counted], *, now: datetime) -> int:
    """Return what the strikes that count now come to: two decisions of one video are one fault."""
    worst: dict[str, int] = {}
    for one in strikes:
        if one.expires_at > now:
            worst[one.video_id] = max(one.weight, worst.get(one.video_id, 0))
    return sum(worst.values())


def level_of(points: int, steps: StrikeSteps, *, may_freeze: bool = True) -> str:
    """Return where so many points lead; where nobody may be frozen, to what comes before that."""
    for level, at in (
        (FROZEN, steps.freeze_at if may_freeze else 0),
        (LIMITED, steps.limited_at),
        (REVIEW_FIRST, steps.review_first_at),
    ):
        if at and points >= at:
            return level
    return GOOD


def next_expiry(strikes: Iterable[Counted], *, now: datetime) -> datetime | None:
    """Return when the next strike counts no more; None where none does."""
    return min((one.expires_at for one in strikes if one.expires_at > now), default=None)


def reviews_first(level: str) -> bool:
    """Tell whether a new video waits for a review at this level."""
    return level in {REVIEW_FIRST, LIMITED, FROZEN}


def is_limited(level: str) -> bool:
    """Tell whether few videos a day are taken at this level."""
    return level in {LIMITED, FROZEN}
