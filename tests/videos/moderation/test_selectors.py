from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_project
from tests.videos.moderation.making import (
    CONSUMER,
    REVIEWER,
    SECOND,
    SENIOR,
    make_case,
    make_playing,
    make_report,
)
from videos.moderation import selectors, services
from videos.moderation.errors import AppealNotFound, DecisionNotFound, ReportNotFound
from videos.moderation.models import Case
from videos.moderation.policy import VIDEO, Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
BLOCK = Verdict(Kind.BLOCK, "hate")


def test_the_queue_begins_with_what_is_most_urgent() -> None:
    spam, csam, hate = (make_case(reason=reason) for reason in ("spam", "csam", "hate"))
    assert list(selectors.list_queue(by=SENIOR)) == [csam, hate, spam]
    assert list(selectors.list_queue(by=REVIEWER)) == [hate, spam]
    assert selectors.next_case(by=SENIOR) == csam
    assert selectors.next_case(by=SENIOR, besides=csam.pk) == hate


def test_the_next_case_is_nobody_else_s_and_one_that_may_be_decided() -> None:
    case = make_case()
    services.claim_case(case_id=case.pk, by=REVIEWER)
    assert selectors.next_case(by=SENIOR) is None
    Case.objects.filter(pk=case.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    assert selectors.next_case(by=SENIOR) == case
    services.escalate_case(case_id=case.pk, by=REVIEWER)
    assert selectors.next_case(by=REVIEWER) is None
    assert selectors.next_case(by=SENIOR) == case


def test_an_appeal_is_offered_to_others_than_who_decided() -> None:
    case = make_case()
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)
    services.appeal(project=case.project, decision_id=decision.pk, text="Why?", by=CONSUMER)
    assert selectors.next_case(by=SENIOR) is None
    assert selectors.next_case(by=SECOND) == case


def test_a_video_s_history_has_all_of_it_latest_first_and_no_other_s() -> None:
    video = make_playing()
    make_case(make_playing(video.project))
    case = make_case(video)
    services.claim_case(case_id=case.pk, by=REVIEWER)
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    services.reverse(decision_id=decision.pk, explanation="", by=REVIEWER)
    services.restrict_own(video=video, level="held", reason="hate", note="", by=CONSUMER)
    history = selectors.video_history(video=video)
    assert [one.verb for one in reversed(history)] == [
        "case.opened",
        "report.filed",
        "case.claimed",
        "restriction.began",
        "material.banned",
        "case.decided",
        "restriction.ended",
        "case.decided",
        "restriction.decided",
        "restriction.began",
    ]
    assert {one.by for one in history} == {"staff", "api_key", "system"}  # which bans what was blocked
    assert len(selectors.video_history(video=video, limit=2)) == 2


def test_another_project_s_rows_do_not_exist() -> None:
    case = make_case()
    report = case.reports.get()
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)
    made = services.appeal(project=case.project, decision_id=decision.pk, text="Why?", by=CONSUMER)
    assert selectors.get_report(project=case.project, report_id=report.pk) == report
    assert selectors.get_decision(project=case.project, decision_id=decision.pk) == decision
    assert selectors.get_appeal(project=case.project, appeal_id=made.pk) == made
    stranger = make_project()
    for odd in (report.pk, "rep_" + "0" * 18, "", "x\0"):
        with pytest.raises(ReportNotFound):
            selectors.get_report(project=stranger, report_id=odd)
    with pytest.raises(DecisionNotFound):
        selectors.get_decision(project=stranger, decision_id=decision.pk)
    with pytest.raises(AppealNotFound):
        selectors.get_appeal(project=stranger, appeal_id=made.pk)


def test_what_restricts_a_video_now() -> None:
    case = make_case()
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)
    target = {"project_id": case.project_id, "target_type": VIDEO, "target_id": case.subject_id}
    assert [one.decision_id for one in selectors.active_restrictions(**target)] == [decision.pk]
    assert selectors.text_of_report(make_report(comment="x"))["comment"] == "x"
