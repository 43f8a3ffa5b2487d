"""Which decisions there are, what each does, what it takes to make it, and who may. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gilfoyle.lib.errors import InvalidInput
from videos.catalog.terms import PlaybackTerms
from videos.moderation.errors import DecisionNotAllowed, PowerMissing
from videos.moderation.reasons import SEVERE, Reason

VIDEO, CREATOR, API_KEY, PROJECT = "video", "creator", "api_key", "project"
SUBJECT_TYPES = (VIDEO, CREATOR, API_KEY, PROJECT)
MAX_COUNTRIES = 249


class Power(StrEnum):
    """What somebody may do. The names are those of the permissions of `Case`."""

    REVIEW = "review_case"
    DECIDE_SEVERE = "decide_severe_case"
    SEE_EXTREME = "see_extreme_case"
    FREEZE = "freeze_uploads"
    SUSPEND = "suspend_subject"
    HOLD_LEGALLY = "place_legal_hold"
    REQUEST_PURGE = "request_purge"
    APPROVE = "approve_second"
    DECIDE_APPEAL = "decide_appeal"


POWER_WORDS: dict[Power, str] = {
    Power.REVIEW: "Can review cases: claim, note, hold, restrict, block",
    Power.DECIDE_SEVERE: "Can close severe and escalated cases, and lift restrictions for severe reasons",
    Power.SEE_EXTREME: "Can take cases whose pictures nobody is shown unasked",
    Power.FREEZE: "Can freeze uploads of creators, API keys and projects",
    Power.SUSPEND: "Can suspend projects",
    Power.HOLD_LEGALLY: "Can place a legal hold",
    Power.REQUEST_PURGE: "Can ask for a purge",
    Power.APPROVE: "Can be the second person of a purge or of a severe lifting",
    Power.DECIDE_APPEAL: "Can decide appeals against others' decisions",
}
ALL_POWERS = frozenset(Power)


class Kind(StrEnum):
    """What is decided."""

    NO_ACTION = "no_action"
    HOLD = "hold"
    AGE_LABEL = "age_label"
    EMBEDDING_OFF = "embedding_off"
    GEO_BLOCK = "geo_block"
    RESTRICT = "restrict"
    BLOCK = "block"
    FREEZE_UPLOADS = "freeze_uploads"
    SUSPEND = "suspend_project"
    LEGAL_HOLD = "legal_hold"
    PURGE = "purge"
    LIFT = "lift"  # takes an earlier decision back


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a kind of decision is about, and what it takes. `closes`: the case needs nothing more."""

    label: str
    targets: tuple[str, ...]
    power: Power
    is_hard: bool
    closes: bool = True


KINDS: dict[Kind, KindRule] = {
    Kind.NO_ACTION: KindRule("No action", SUBJECT_TYPES, Power.REVIEW, is_hard=True),
    Kind.HOLD: KindRule("Hold for review", (VIDEO,), Power.REVIEW, is_hard=True, closes=False),
    Kind.AGE_LABEL: KindRule("Age label", (VIDEO,), Power.REVIEW, is_hard=False),
    Kind.EMBEDDING_OFF: KindRule("No embedding", (VIDEO,), Power.REVIEW, is_hard=False),
    Kind.GEO_BLOCK: KindRule("Not in some countries", (VIDEO,), Power.REVIEW, is_hard=False),
    Kind.RESTRICT: KindRule("Restrict", (VIDEO,), Power.REVIEW, is_hard=False),
    Kind.BLOCK: KindRule("Block", (VIDEO,), Power.REVIEW, is_hard=True),
    Kind.FREEZE_UPLOADS: KindRule(
        "Freeze uploads", (CREATOR, API_KEY, PROJECT), Power.FREEZE, is_hard=True, closes=False
    ),
    Kind.SUSPEND: KindRule("Suspend the project", (PROJECT,), Power.SUSPEND, is_hard=True),
    Kind.LEGAL_HOLD: KindRule("Legal hold", (VIDEO,), Power.HOLD_LEGALLY, is_hard=True, closes=False),
    Kind.PURGE: KindRule("Purge", (VIDEO,), Power.REQUEST_PURGE, is_hard=True, closes=False),
    Kind.LIFT: KindRule("Lift", SUBJECT_TYPES, Power.REVIEW, is_hard=True, closes=False),
}
_LEVELS = {Kind.HOLD: "held", Kind.RESTRICT: "restricted", Kind.BLOCK: "blocked", Kind.PURGE: "blocked"}
KIND_OF_LEVEL = {"held": Kind.HOLD, "restricted": Kind.RESTRICT, "blocked": Kind.BLOCK}
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who decides: who it is (`kind:id`), and what they may do."""

    actor: str
    powers: frozenset[Power] = frozenset()

    @property
    def is_person(self) -> bool:
        """Whether a human being can be asked about it."""
        return self.actor.startswith(("staff:", "operator:"))


def kinds_for(subject_type: str, reason: Reason) -> tuple[Kind, ...]:
    """Return the decisions that a case of this subject and reason may come to."""
    return tuple(
        kind
        for kind, rule in KINDS.items()
        if kind != Kind.LIFT
        and (subject_type in rule.targets or (subject_type == VIDEO and kind == Kind.FREEZE_UPLOADS))
        and (rule.is_hard or not reason.only_hard)
    )


def require_allowed(kind: Kind, *, target_type: str, reason: Reason) -> None:
    """Refuse a decision that does not fit what it is about, or is too mild for its reason.

    Raises: DecisionNotAllowed.
    """
    rule = KINDS[kind]
    if target_type not in rule.targets:
        words = " or ".join(one.replace("_", " ") for one in rule.targets)
        message = f"{rule.label} is decided about a {words}, not about a {target_type.replace('_', ' ')}."
        raise DecisionNotAllowed(message)
    if reason.only_hard and not rule.is_hard:
        message = f"{rule.label} is too mild for {reason.code}."
        raise DecisionNotAllowed(message, hint="Hold or block it, or close the case with no action.")


def is_mild(kind: Kind) -> bool:
    """Tell whether a decision leaves a video more open than holding it does."""
    return kind == Kind.NO_ACTION or not KINDS[kind].is_hard


def power_for(kind: Kind, *, reason: Reason, is_escalated: bool = False) -> frozenset[Power]:
    """Return what it takes to decide this: letting a severe case be takes more than stopping it."""
    needed = {KINDS[kind].power}
    is_severe = reason.severity >= SEVERE
    if is_escalated or (is_severe and (kind == Kind.LIFT or is_mild(kind))):
        needed.add(Power.DECIDE_SEVERE)
    return frozenset(needed)


def require_powers(by: Reviewer, needed: frozenset[Power]) -> None:
    """Raises: PowerMissing."""
    missing = sorted(needed - by.powers)
    if missing:
        message = f"You may not do this: it takes the permission {missing[0]}."
        raise PowerMissing(message, hint="Ask an administrator, or escalate the case.", needed=missing[0])


def terms_of(kind: str, parameters: Mapping[str, Any]) -> PlaybackTerms:
    """Return on which terms a video may be played under one restriction."""
    if kind in set(_LEVELS):
        return PlaybackTerms(level=_LEVELS[Kind(kind)])
    return PlaybackTerms(
        needs_age=kind == Kind.AGE_LABEL,
        embedding_off=kind == Kind.EMBEDDING_OFF,
        blocked_countries=tuple(parameters.get("countries", ())) if kind == Kind.GEO_BLOCK else (),
    )


def restricts(kind: Kind) -> bool:
    """Tell whether a decision of this kind sets up a restriction."""
    return kind not in {Kind.NO_ACTION, Kind.LIFT}


def read_countries(countries: tuple[str, ...], *, is_geo_block: bool) -> tuple[str, ...]:
    """Return the countries of a decision in their one spelling.

    Raises: InvalidInput where there are none and must be, or are and must not, or one is none.
    """
    if not is_geo_block:
        if countries:
            message = "Countries are named for the decision geo_block alone."
            raise InvalidInput(message)
        return ()
    named = tuple(sorted({one.upper() for one in countries}))
    if not 1 <= len(named) <= MAX_COUNTRIES or not all(_COUNTRY.fullmatch(one) for one in named):
        message = "geo_block names at least one country by its two letters."
        raise InvalidInput(message, hint="ISO 3166-1, as in DE or FR.")
    return named
