from collections.abc import Collection
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput, InvalidTransition
from tests.factories import make_project
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    AUDITOR,
    CONSUMER,
    REVIEWER,
    SENIOR,
    make_case,
    make_playing,
)
from videos.audit.models import AuditEntry
from videos.moderation import services, states
from videos.moderation.errors import CaseNotFound, CaseTaken, PowerMissing
from videos.moderation.models import Case
from videos.moderation.policy import Kind, Power, Reviewer
from videos.moderation.reviewers import reviewer_of_house

pytestmark = pytest.mark.django_db


def test_there_is_one_open_case_of_a_subject() -> None:
    case = make_case()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            project=case.project,
            subject_type=case.subject_type,
            subject_id=case.subject_id,
            due_at=case.due_at,
        )


def test_a_claim_is_one_person_s_for_a_quarter_of_an_hour() -> None:
    case = make_case()
    services.claim_case(case_id=case.pk, by=REVIEWER)
    claimed = services.claim_case(case_id=case.pk, by=REVIEWER)
    assert claimed.state == states.CLAIMED
    assert claimed.claim_expires_at is not None
    assert claimed.claim_expires_at > timezone.now() + timedelta(minutes=14)
    with pytest.raises(CaseTaken):
        services.claim_case(case_id=case.pk, by=SENIOR)
    with pytest.raises(CaseTaken):
        services.release_case(case_id=case.pk, by=SENIOR)
    released = services.release_case(case_id=case.pk, by=REVIEWER)
    assert (released.state, released.claimed_by) == (states.OPEN, "")
    assert AuditEntry.objects.filter(object_id=case.pk, verb="case.claimed").count() == 1


def test_what_was_claimed_and_forgotten_comes_back() -> None:
    case = make_case()
    services.claim_case(case_id=case.pk, by=REVIEWER)
    house = reviewer_of_house()
    assert services.wake_cases(by=house) == 0
    assert services.wake_cases(by=house, now=timezone.now() + timedelta(minutes=16)) == 1
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == (states.OPEN, "")


def test_extreme_cases_are_taken_by_those_alone_who_may_see_them() -> None:
    case = make_case(reason="csam")
    with pytest.raises(PowerMissing, match="see_extreme_case"):
        services.claim_case(case_id=case.pk, by=REVIEWER)
    services.claim_case(case_id=case.pk, by=SENIOR)


def test_a_senior_gives_a_case_to_somebody_whoever_has_it() -> None:
    case = make_case()
    services.claim_case(case_id=case.pk, by=REVIEWER)
    other = Reviewer("staff:9", frozenset({Power.REVIEW}))
    with pytest.raises(PowerMissing):
        services.assign_case(case_id=case.pk, to=other, user_id=None, by=REVIEWER)
    assigned = services.assign_case(case_id=case.pk, to=other, user_id=None, by=SENIOR)
    assert assigned.claimed_by == "staff:9"


def test_what_is_set_aside_waits_until_its_time() -> None:
    case = make_case()
    until = timezone.now() + timedelta(days=2)
    services.snooze_case(case_id=case.pk, until=until, by=REVIEWER)
    house = reviewer_of_house()
    assert services.wake_cases(by=house) == 0
    assert services.wake_cases(by=house, now=until) == 1
    # Nor while an appeal waits: in no queue, nobody would answer it.
    verdict = services.Verdict(Kind.HOLD, "hate")
    held = services.decide(case_id=case.pk, verdict=verdict, by=SENIOR)
    services.appeal(project=case.project, decision_id=held.pk, text="Why?", by=CONSUMER)
    with pytest.raises(InvalidTransition, match="appeal"):
        services.snooze_case(case_id=case.pk, until=until, by=REVIEWER)
    for wrong in (timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=91)):
        with pytest.raises(InvalidInput):
            services.snooze_case(case_id=case.pk, until=wrong, by=REVIEWER)


def test_a_priority_is_moved_by_hand_within_bounds() -> None:
    case = make_case()
    moved = services.set_priority(case_id=case.pk, by_hand=500, by=REVIEWER)
    assert moved.priority == case.priority + 500
    with pytest.raises(InvalidInput):
        services.set_priority(case_id=case.pk, by_hand=100_001, by=REVIEWER)


def test_scores_follow_plays_and_time() -> None:
    case = make_case()
    asked: list[str] = []

    def plays_of(video_ids: Collection[str]) -> dict[str, int]:
        asked.extend(video_ids)
        return {case.subject_id: 1023}

    assert services.refresh_scores(plays_of=plays_of) == 1
    assert services.refresh_scores(plays_of=plays_of) == 0  # lately enough
    late = case.due_at - timedelta(minutes=1)
    assert services.refresh_scores(plays_of=plays_of, now=late) == 1
    case.refresh_from_db()
    assert (case.score_parts["reach"], case.score_parts["due"]) == (150, 200)
    assert asked == [case.subject_id] * 2


def test_who_was_right_before_weighs_more() -> None:
    project = make_project()
    for _ in range(3):
        known = make_case(make_playing(project), "spam", reporter="alice")
        services.decide(case_id=known.pk, verdict=services.Verdict(Kind.BLOCK, "spam"), by=REVIEWER)
    trusted = make_case(make_playing(project), "spam", reporter="alice")
    stranger = make_case(make_playing(project), "spam", reporter="bob")
    assert trusted.priority > stranger.priority


@pytest.mark.parametrize("text", ["", "   ", "x" * 3001])
def test_a_note_says_something_and_not_too_much(text: str) -> None:
    case = make_case()
    with pytest.raises(InvalidInput):
        services.add_note(case_id=case.pk, text=text, by=REVIEWER)


def test_auditors_change_nothing_of_a_case() -> None:
    case = make_case()
    later = timezone.now() + timedelta(days=1)
    for change in (
        lambda: services.claim_case(case_id=case.pk, by=AUDITOR),
        lambda: services.escalate_case(case_id=case.pk, by=AUDITOR),
        lambda: services.snooze_case(case_id=case.pk, until=later, by=AUDITOR),
        lambda: services.set_priority(case_id=case.pk, by_hand=1, by=AUDITOR),
        lambda: services.add_note(case_id=case.pk, text="x", by=AUDITOR),
        lambda: services.merge_cases(case_id=case.pk, into_id="case_1", by=AUDITOR),
    ):
        with pytest.raises(PowerMissing):
            change()


def test_a_case_that_is_not_there_and_one_that_is_closed_take_nothing() -> None:
    with pytest.raises(CaseNotFound):
        services.claim_case(case_id="case_00000000000000000", by=ADMINISTRATOR)
    case = make_case()
    Case.objects.filter(pk=case.pk).update(state=states.CLOSED)
    with pytest.raises(InvalidTransition):
        services.escalate_case(case_id=case.pk, by=ADMINISTRATOR)
