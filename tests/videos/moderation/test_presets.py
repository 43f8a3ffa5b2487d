"""The keys of decisions: one each, and none that destroys is sent by a key alone."""

import pytest

from videos.moderation.policy import ALL_POWERS, SUBJECT_TYPES, Kind, Power
from videos.moderation.presets import KEYS, TWO_STEPS, main_reason, offers_for
from videos.moderation.reasons import CODES


@pytest.mark.parametrize("subject_type", SUBJECT_TYPES)
@pytest.mark.parametrize("reason", CODES)
def test_no_two_decisions_of_a_case_have_one_key(subject_type: str, reason: str) -> None:
    offers = offers_for(subject_type, [reason], powers=ALL_POWERS, is_escalated=True, has_creator=True)
    assert len({one.key for one in offers}) == len(offers) > 0
    assert not {one.key for one in offers} & set("escbgjk")


def test_every_decision_but_lifting_has_a_key() -> None:
    assert set(KEYS) == set(Kind) - {Kind.LIFT}
    assert {Kind.PURGE, Kind.SUSPEND, Kind.LEGAL_HOLD} <= TWO_STEPS


def test_nothing_is_offered_beyond_somebody_s_powers() -> None:
    mine = frozenset({Power.REVIEW})
    kinds = {
        one.kind for one in offers_for("video", ["hate"], powers=mine, is_escalated=False, has_creator=True)
    }
    assert not kinds & {"purge", "legal_hold", "freeze_uploads"}
    assert {"no_action", "hold", "block"} <= kinds
    assert offers_for("video", ["hate"], powers=mine, is_escalated=True, has_creator=True) == []
    severe = offers_for("video", ["csam", "spam"], powers=mine, is_escalated=False, has_creator=False)
    assert {one.kind for one in severe} == {"hold", "block"}


def test_the_severest_reason_comes_first_and_unknown_ones_do_no_harm() -> None:
    assert main_reason(["spam", "csam", "of_another_version"]) == "csam"
    assert main_reason([]) == main_reason(["of_another_version"]) == "tos_other"
