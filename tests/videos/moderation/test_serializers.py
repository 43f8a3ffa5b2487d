import pytest

from videos.moderation.policy import CREATOR, VIDEO
from videos.moderation.serializers import (
    DECISION_EXAMPLE,
    STATEMENT_EXAMPLE,
    AppealInputSerializer,
    ReportInputSerializer,
    RestrictionInputSerializer,
    StatementSerializer,
)


def test_a_report_is_about_a_video_or_a_creator() -> None:
    given = ReportInputSerializer(data={"video_id": "vid_1", "reason": "spam", "reporter_id": "u"})
    assert given.is_valid()
    filing = given.filing()
    assert (filing.subject_type, filing.subject_id, filing.reporter) == (VIDEO, "vid_1", "u")
    given = ReportInputSerializer(data={"creator_id": "mallory", "reason": "spam"})
    assert given.is_valid()
    assert given.filing().subject_type == CREATOR


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"reason": "spam"},
        {"video_id": "v", "creator_id": "c", "reason": "spam"},
        {"video_id": "v", "reason": "because"},
        {"video_id": "v", "reason": "spam", "comment": "x" * 3001},
        {"video_id": "v", "reason": "spam", "comment": "\0"},
        {"video_id": "v", "reason": "spam", "at_s": "soon"},
        {"video_id": "v", "reason": "spam", "evidence": "x"},
        {"video_id": "v", "reason": "spam", "evidence": ["x"] * 11},
        {"video_id": "v", "reason": "spam", "severity": 100},
        {"creator_id": "\0", "reason": "spam"},
    ],
)
def test_what_is_no_report_is_refused(wrong: dict[str, object]) -> None:
    assert not ReportInputSerializer(data=wrong).is_valid()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"level": "none", "reason": "spam"},
        {"level": "held"},
        {"level": "held", "reason": "spam", "ends_at": "2020-01-01T00:00:00Z"},
        {"level": "held", "reason": "spam", "notes": "x"},
    ],
)
def test_what_is_no_restriction_is_refused(wrong: dict[str, object]) -> None:
    assert not RestrictionInputSerializer(data=wrong).is_valid()


def test_an_appeal_says_why() -> None:
    assert not AppealInputSerializer(data={"decision_id": "dec_1", "text": " "}).is_valid()
    assert AppealInputSerializer(data={"decision_id": "dec_1", "text": "Satire."}).is_valid()


def test_a_statement_has_all_its_fields() -> None:
    assert STATEMENT_EXAMPLE is not None
    assert (
        StatementSerializer(STATEMENT_EXAMPLE).data
        == STATEMENT_EXAMPLE
        == DECISION_EXAMPLE["statement_of_reasons"]
    )
