from datetime import timedelta

import pytest
from django.utils import timezone

from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, REVIEWER, SENIOR, make_case, make_playing
from videos.catalog.models import Video
from videos.moderation import services, states
from videos.moderation.errors import CasesDiffer, PowerMissing
from videos.moderation.models import Case
from videos.moderation.policy import Kind, Power, Reviewer
from videos.moderation.selectors import text_of_note
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
SEVERE_BUT_UNSEEING = Reviewer("staff:9", frozenset({Power.REVIEW, Power.DECIDE_SEVERE}))


def test_merged_cases_are_one_with_all_reports_and_notes() -> None:
    case = make_case(reason="hate", reporter="a")
    other = make_playing(case.project)
    into = make_case(other, "spam", reporter="b")
    services.add_note(case_id=case.pk, text="The same film.", by=REVIEWER)
    merged = services.merge_cases(case_id=case.pk, into_id=into.pk, by=REVIEWER)
    case.refresh_from_db()
    assert (case.state, case.merged_into_id) == (states.MERGED, into.pk)
    assert (merged.report_count, merged.severity, merged.distinct_reporters) == (2, 55, 2)
    assert [text_of_note(note) for note in merged.notes.all()] == ["The same film."]
    assert b"same film" not in bytes(merged.notes.get().sealed_text)
    with pytest.raises(CasesDiffer):
        services.merge_cases(case_id=into.pk, into_id=case.pk, by=REVIEWER)


def test_what_is_escalated_or_counted_goes_along_and_nothing_sleeps_on() -> None:
    case = make_case(reason="hate")
    into = make_case(make_playing(case.project), "spam")
    services.escalate_case(case_id=case.pk, by=REVIEWER)
    services.snooze_case(case_id=into.pk, until=timezone.now() + timedelta(days=80), by=REVIEWER)
    Case.objects.filter(pk=case.pk).update(unkept_reports=3, due_at=case.opened_at)
    for one, other in ((case, into), (into, case)):
        with pytest.raises(PowerMissing):
            services.merge_cases(case_id=one.pk, into_id=other.pk, by=REVIEWER)
    services.merge_cases(case_id=case.pk, into_id=into.pk, by=SENIOR)
    into.refresh_from_db()
    assert (into.state, into.snoozed_until, into.is_escalated) == (states.ESCALATED, None, True)
    assert (into.unkept_reports, into.due_at) == (3, case.opened_at)
    third = make_case(make_playing(case.project), "csam")
    with pytest.raises(PowerMissing):
        services.merge_cases(case_id=third.pk, into_id=into.pk, by=SEVERE_BUT_UNSEEING)


def test_cases_of_two_projects_and_a_case_with_itself_are_not_merged() -> None:
    case, stranger = make_case(), make_case()
    for into in (stranger, case):
        with pytest.raises(CasesDiffer):
            services.merge_cases(case_id=case.pk, into_id=into.pk, by=ADMINISTRATOR)


def test_a_case_that_holds_its_video_or_is_appealed_is_decided_by_itself() -> None:
    case = make_case(reason="hate")
    into = make_case(make_playing(case.project), "hate")
    hold = services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "hate"), by=SENIOR)
    with pytest.raises(CasesDiffer, match="holds its video"):
        services.merge_cases(case_id=case.pk, into_id=into.pk, by=REVIEWER)
    assert Video.objects.values_list("restriction", flat=True).get(pk=case.subject_id) == "held"
    services.appeal(project=case.project, decision_id=hold.pk, text="Why?", by=CONSUMER)
    services.reverse(decision_id=hold.pk, explanation="", by=SENIOR)
    with pytest.raises(CasesDiffer, match="appeal"):
        services.merge_cases(case_id=case.pk, into_id=into.pk, by=REVIEWER)


def test_what_was_decided_before_a_merge_can_be_appealed_against_in_the_queue() -> None:
    case = make_case(reason="hate")
    into = make_case(make_playing(case.project), "hate")
    verdict = Verdict(Kind.AGE_LABEL, "hate", keeps_open=True)
    label = services.decide(case_id=case.pk, verdict=verdict, by=SENIOR)
    services.merge_cases(case_id=case.pk, into_id=into.pk, by=REVIEWER)
    made = services.appeal(project=case.project, decision_id=label.pk, text="Why?", by=CONSUMER)
    assert Case.objects.get(pk=case.pk).state == states.APPEALED
    services.decide_appeal(appeal_id=made.pk, outcome="overturned", answer="So.", by=ADMINISTRATOR)
    assert Case.objects.get(pk=case.pk).state == states.CLOSED
    assert not Video.objects.get(pk=case.subject_id).needs_age
