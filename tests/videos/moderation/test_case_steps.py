"""What the buttons of a case's page do, and what they refuse."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.admin_pages import HOSTILE, client_of, is_escaped, page
from tests.videos.moderation.making import ADMINISTRATOR, make_case, make_report
from tests.videos.moderation.pages import decide, step_of, trail_of, user_of
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.models import Decision, LiftRequest

pytestmark = pytest.mark.django_db


def test_a_case_that_changed_since_it_was_looked_at_is_not_decided(reviewer: Client) -> None:
    case = make_case(reason="hate")
    seen = case.version
    make_report(Video.objects.get(pk=case.subject_id), "spam")
    answer = decide(reviewer, case, "block", version=seen)
    assert answer.status_code == 409
    assert "This case has changed since you looked at it." in answer.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"version": ""},
        {"version": "٣"},
        {"version": "9" * 400},
        {"kind": "lift"},
        {"kind": "nothing"},
        {"reason": "nothing"},
        {"ends": "never"},
        {"kind": "geo_block", "countries": "Atlantis"},
        {"kind": "geo_block"},
        {"kind": "freeze_uploads"},
    ],
)
def test_what_makes_no_sense_is_refused_in_words(senior: Client, sent: dict[str, str]) -> None:
    answer = decide(senior, make_case(reason="hate"), **{"kind": "block", **sent})
    assert answer.status_code == 409
    assert "Nothing was decided." in answer.content.decode()
    assert not Decision.objects.exists()


def test_what_was_written_is_there_still_after_a_refusal(senior: Client) -> None:
    answer = decide(senior, make_case(), "geo_block", explanation=HOSTILE, countries="Atlantis")
    assert is_escaped(answer.content.decode())
    assert 'value="Atlantis"' in answer.content.decode()


def test_claim_release_escalate_snooze_note(reviewer: Client) -> None:
    case = make_case(reason="hate")
    for step, state in (
        ("claim", "claimed"),
        ("release", "open"),
        ("snooze", "snoozed"),
        ("escalate", "escalated"),
    ):
        assert reviewer.post(step_of(case, step), {"for": "1h"}).status_code == 302
        case.refresh_from_db()
        assert case.state == state
    assert reviewer.post(step_of(case, "note"), {"text": HOSTILE}).status_code == 302
    assert is_escaped(reviewer.get(page("videos_case", case.pk)).content.decode())
    verbs = [verb for verb, _ in trail_of(case)]
    assert verbs[-5:] == ["case.claimed", "case.released", "case.snoozed", "case.escalated", "case.noted"]


def test_a_decision_is_taken_back_and_severe_ones_by_two(senior: Client) -> None:
    mild, severe = make_case(reason="hate"), make_case(reason="tvec")
    decide(senior, mild, "block")
    decide(senior, severe, "block", reason="tvec")
    for case in (mild, severe):
        senior.post(step_of(case, "reverse"), {"decision": Decision.objects.get(case=case, kind="block").pk})
    assert Video.objects.get(pk=mild.subject_id).restriction == "none"
    assert Video.objects.get(pk=severe.subject_id).restriction == "blocked"
    assert LiftRequest.objects.count() == 1
    foreign = Decision.objects.get(case=severe)
    assert senior.post(step_of(mild, "reverse"), {"decision": foreign.pk}).status_code == 409


def test_an_appeal_is_answered_by_another_person(reviewer: Client, senior: Client) -> None:
    case = make_case(reason="hate")
    decide(senior, case, "block")
    made = services.appeal(
        project=case.project, decision_id=Decision.objects.get().pk, text=HOSTILE, by=ADMINISTRATOR
    )
    shown = senior.get(page("videos_case", case.pk)).content.decode()
    assert is_escaped(shown)
    assert "The decision stands" not in shown
    answer = {"outcome": "overturned", "answer": "It was satire.", "appeal": made.pk}
    assert senior.post(step_of(case, "answer"), answer).status_code == 409
    assert reviewer.post(step_of(case, "answer"), answer).status_code == 409
    other = client_of(user_of("administrator"))
    assert "The decision stands" in other.get(page("videos_case", case.pk)).content.decode()
    for unknown in ("", "apl_1"):  # one that was shown, and not whatever waits
        assert other.post(step_of(case, "answer"), {**answer, "appeal": unknown}).status_code == 409
    assert Video.objects.get(pk=case.subject_id).restriction == "blocked"
    assert other.post(step_of(case, "answer"), answer).status_code == 302
    assert Video.objects.get(pk=case.subject_id).restriction == "none"
    assert ("appeal.decided", "staff") in trail_of(case)
