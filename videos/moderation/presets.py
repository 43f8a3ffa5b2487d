"""The decisions as a reviewer's page offers them: which key each has, and which need more than a key. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from videos.moderation.policy import KINDS, VIDEO, Kind, Power, kinds_for, power_for
from videos.moderation.reasons import REASONS, severest

KEYS: dict[Kind, str] = {
    Kind.AGE_LABEL: "1",
    Kind.EMBEDDING_OFF: "2",
    Kind.RESTRICT: "3",
    Kind.BLOCK: "4",
    Kind.GEO_BLOCK: "5",
    Kind.FREEZE_UPLOADS: "6",
    Kind.LEGAL_HOLD: "7",
    Kind.SUSPEND: "7",  # of a project, which no legal hold is of
    Kind.PURGE: "8",
    Kind.NO_ACTION: "n",
    Kind.HOLD: "h",
}
# Their key fills in the form and no more: something is to be added, or much hangs on them.
TWO_STEPS = frozenset({Kind.GEO_BLOCK, Kind.FREEZE_UPLOADS, Kind.LEGAL_HOLD, Kind.SUSPEND, Kind.PURGE})
# What many cases at once may come to.
IN_BULK = (Kind.NO_ACTION, Kind.HOLD, Kind.AGE_LABEL, Kind.EMBEDDING_OFF, Kind.RESTRICT, Kind.BLOCK)
DANGEROUS = frozenset({Kind.BLOCK, Kind.LEGAL_HOLD, Kind.SUSPEND, Kind.PURGE})
UNKNOWN = "tos_other"  # of a case in which nobody has named a reason


@dataclass(frozen=True, slots=True)
class Offer:
    """One decision as a button."""

    kind: str
    label: str
    key: str
    is_two_steps: bool
    is_danger: bool
    is_suggested: bool


def main_reason(reasons: Iterable[str]) -> str:
    """Return the severest of what was reported."""
    known = [one for one in reasons if one in REASONS]
    return severest(known).code if known else UNKNOWN


def offers_for(
    subject_type: str,
    reasons: Iterable[str],
    *,
    powers: frozenset[Power],
    is_escalated: bool,
    has_creator: bool,
) -> list[Offer]:
    """Return what a case may come to, of that what somebody's powers reach, in the order of the keys."""
    reason = REASONS[main_reason(reasons)]
    offers = []
    for kind, key in KEYS.items():
        is_creators = kind == Kind.FREEZE_UPLOADS and subject_type == VIDEO
        if kind not in kinds_for(subject_type, reason) or (is_creators and not has_creator):
            continue
        if power_for(kind, reason=reason, is_escalated=is_escalated) <= powers:
            label = "Freeze the creator's uploads" if is_creators else KINDS[kind].label
            offers.append(
                Offer(
                    kind=kind.value,
                    label=label,
                    key=key,
                    is_two_steps=kind in TWO_STEPS,
                    is_danger=kind in DANGEROUS,
                    is_suggested=kind.value == reason.default,
                )
            )
    return offers
