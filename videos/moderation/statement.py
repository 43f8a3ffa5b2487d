"""A decision as a statement of reasons: fields and values of the transparency database of the DSA (July 2025). Pure.

What needs saying in a free text is said by who decided; what was left empty gets the words of the taxonomy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from videos.moderation.policy import KINDS, Kind
from videos.moderation.reasons import REASONS

EUROPE = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT"),
    *("LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
ILLEGAL, INCOMPATIBLE = "DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"
_DISABLED, _OTHER = "DECISION_VISIBILITY_CONTENT_DISABLED", "DECISION_VISIBILITY_OTHER"
_VISIBILITY = {
    Kind.HOLD: _DISABLED,
    Kind.RESTRICT: _DISABLED,
    Kind.BLOCK: _DISABLED,
    Kind.GEO_BLOCK: _DISABLED,
    Kind.PURGE: "DECISION_VISIBILITY_CONTENT_REMOVED",
    Kind.AGE_LABEL: "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
    Kind.EMBEDDING_OFF: _OTHER,
}
_SOURCES = {"consumer_api": "SOURCE_ARTICLE_16", "public_form": "SOURCE_ARTICLE_16"}
OWN_INITIATIVE = "SOURCE_VOLUNTARY"


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated about. `channels`: how what was reported came in."""

    id: str
    kind: Kind
    reason: str
    ground_reference: str
    explanation: str
    facts: str
    countries: Sequence[str]
    channels: Sequence[str]
    is_match: bool
    is_automated: bool
    content_date: date | None
    created_at: datetime
    ends_at: datetime | None


def state_reasons(stated: Stated) -> dict[str, Any] | None:
    """Return the statement of reasons; None for what restricts nothing."""
    if stated.kind in {Kind.NO_ACTION, Kind.LIFT, Kind.LEGAL_HOLD}:
        return None
    reason = REASONS[stated.reason]
    ground = stated.ground_reference or reason.label
    explanation = stated.explanation or reason.label
    is_provision = stated.kind in {Kind.FREEZE_UPLOADS, Kind.SUSPEND}
    return {
        "decision_visibility": [] if is_provision else [_VISIBILITY[stated.kind]],
        "decision_visibility_other": KINDS[stated.kind].label if stated.kind == Kind.EMBEDDING_OFF else None,
        "end_date_visibility_restriction": None if is_provision else _day(stated.ends_at),
        "decision_provision": _provision(stated.kind),
        "end_date_service_restriction": _day(stated.ends_at) if is_provision else None,
        "decision_account": "DECISION_ACCOUNT_SUSPENDED" if stated.kind == Kind.SUSPEND else None,
        "end_date_account_restriction": _day(stated.ends_at) if stated.kind == Kind.SUSPEND else None,
        "decision_ground": ILLEGAL if reason.is_illegal else INCOMPATIBLE,
        "illegal_content_legal_ground": ground if reason.is_illegal else None,
        "illegal_content_explanation": explanation if reason.is_illegal else None,
        "incompatible_content_ground": None if reason.is_illegal else ground,
        "incompatible_content_explanation": None if reason.is_illegal else explanation,
        "incompatible_content_illegal": None if reason.is_illegal else "No",
        "content_type": ["CONTENT_TYPE_VIDEO"],
        "category": reason.dsa_category,
        "category_specification": [reason.dsa_keyword] if reason.dsa_keyword else [],
        "territorial_scope": [one for one in EUROPE if not stated.countries or one in stated.countries],
        "content_date": _day(stated.content_date),
        "application_date": _day(stated.created_at),
        "decision_facts": stated.facts or explanation,
        "source_type": next((_SOURCES[one] for one in stated.channels if one in _SOURCES), OWN_INITIATIVE),
        "automated_detection": "Yes" if stated.is_match else "No",
        "automated_decision": (
            "AUTOMATED_DECISION_FULLY" if stated.is_automated else "AUTOMATED_DECISION_NOT_AUTOMATED"
        ),
        "puid": stated.id,
    }


def _provision(kind: Kind) -> str | None:
    return {
        Kind.FREEZE_UPLOADS: "DECISION_PROVISION_PARTIAL_SUSPENSION",
        Kind.SUSPEND: "DECISION_PROVISION_TOTAL_SUSPENSION",
    }.get(kind)


def _day(at: date | None) -> str | None:
    return f"{at:%Y-%m-%d}" if at is not None else None
