from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from videos.moderation.policy import Kind
from videos.moderation.reasons import REASONS
from videos.moderation.statement import EUROPE, Stated, state_reasons

STATED = Stated(
    id="dec_1",
    kind=Kind.BLOCK,
    reason="csam",
    ground_reference="§ 184b StGB",
    explanation="It shows abuse.",
    facts="Two people looked at it.",
    countries=(),
    channels=("consumer_api",),
    is_match=False,
    is_automated=False,
    content_date=date(2026, 11, 1),
    created_at=datetime(2026, 11, 2, 12, tzinfo=UTC),
    ends_at=None,
)


def test_a_block_is_stated_as_the_transparency_database_wants_it() -> None:
    assert state_reasons(STATED) == {
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "decision_visibility_other": None,
        "end_date_visibility_restriction": None,
        "decision_provision": None,
        "end_date_service_restriction": None,
        "decision_account": None,
        "end_date_account_restriction": None,
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": "§ 184b StGB",
        "illegal_content_explanation": "It shows abuse.",
        "incompatible_content_ground": None,
        "incompatible_content_explanation": None,
        "incompatible_content_illegal": None,
        "content_type": ["CONTENT_TYPE_VIDEO"],
        "category": "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        "category_specification": ["KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"],
        "territorial_scope": list(EUROPE),
        "content_date": "2026-11-01",
        "application_date": "2026-11-02",
        "decision_facts": "Two people looked at it.",
        "source_type": "SOURCE_ARTICLE_16",
        "automated_detection": "No",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": "dec_1",
    }


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("kind", list(Kind))
def test_what_must_be_said_is_said_whatever_was_decided(kind: Kind, reason: str) -> None:
    bare = replace(STATED, kind=kind, reason=reason, ground_reference="", explanation="", facts="")
    said = state_reasons(bare)
    if kind in {Kind.NO_ACTION, Kind.LIFT, Kind.LEGAL_HOLD}:
        assert said is None
        return
    assert said is not None
    assert said["decision_visibility"] or said["decision_provision"]
    ground = "illegal_content" if REASONS[reason].is_illegal else "incompatible_content"
    assert said[f"{ground}_explanation"]
    assert said["decision_facts"]
    assert said["decision_ground"].endswith(ground.upper())


def test_countries_ends_and_machines_are_told() -> None:
    said = state_reasons(
        replace(
            STATED,
            kind=Kind.GEO_BLOCK,
            reason="tos_other",
            countries=("DE", "US"),
            channels=("match",),
            is_match=True,
            is_automated=True,
            ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        )
    )
    assert said is not None
    assert said["territorial_scope"] == ["DE"]
    assert said["end_date_visibility_restriction"] == "2026-12-01"
    assert (said["source_type"], said["automated_detection"]) == ("SOURCE_VOLUNTARY", "Yes")
    assert said["automated_decision"] == "AUTOMATED_DECISION_FULLY"
