from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.factories import make_project
from tests.videos.moderation.making import CONSUMER, REVIEWER, make_case, make_playing, make_report
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import services, states
from videos.moderation.errors import ReportRejected
from videos.moderation.models import Case, Report
from videos.moderation.policy import CREATOR, PROJECT, VIDEO, Kind
from videos.moderation.selectors import text_of_report
from videos.moderation.services import Filing, Verdict

pytestmark = pytest.mark.django_db


def _video_of(case: Case) -> Video:
    return Video.objects.get(pk=case.subject_id)


def test_reports_gather_in_one_case_that_weighs_them() -> None:
    video = make_playing()
    make_report(video, "spam", reporter="a")
    make_report(video, "hate", reporter="b", at_s=12.5, comment="At the end", evidence=("https://x.example",))
    (case,) = Case.objects.all()
    assert (case.report_count, case.distinct_reporters, case.severity) == (2, 2, 55)
    assert case.reasons == ["spam", "hate"]
    assert case.priority == sum(case.score_parts.values()) > 5500
    assert case.due_at == case.opened_at + timedelta(days=1)


def test_what_is_written_lies_sealed_and_who_wrote_it_leads_nowhere() -> None:
    report = make_report(comment="She lives in Elm Street", reporter="alice@example.org", evidence=("x",))
    row = Report.objects.filter(pk=report.pk).values().get()
    assert b"Elm Street" not in bytes(row["sealed_text"])
    assert "alice" not in repr(row)
    assert text_of_report(report) == {"comment": "She lives in Elm Street", "evidence": ["x"]}
    trail = repr(list(AuditEntry.objects.values()))
    assert "Elm" not in trail
    assert "alice" not in trail


def test_one_person_has_one_vote_whatever_comes_again() -> None:
    video = make_playing()
    first = make_report(video, reporter="alice")
    again, is_new = services.file_report(
        project=video.project, filing=Filing(VIDEO, video.pk, "hate", reporter="alice"), by=CONSUMER
    )
    assert (again.pk, is_new) == (first.pk, False)
    for _ in range(100):
        make_report(video, reporter="alice")
    case = Case.objects.get()
    assert (case.report_count, case.distinct_reporters) == (1, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(
            project=video.project,
            subject_type=VIDEO,
            subject_id=video.pk,
            reason="hate",
            reporter=first.reporter,
        )


def test_the_same_name_in_two_projects_is_two_people() -> None:
    assert make_report(reporter="alice").reporter != make_report(reporter="alice").reporter


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "no_such"},
        {"comment": "x" * 3001},
        {"evidence": ["x"] * 11},
        {"evidence": ["x" * 501]},
        {"reporter": "x" * 256},
        {"at_s": -1.0},
        {"at_s": float("nan")},
        {"at_s": float("inf")},
        {"at_s": 60.5},
        {"subject_id": "vid_000000000000000000"},
    ],
)
def test_what_can_t_be_of_this_video_is_refused_in_words(wrong: dict[str, object]) -> None:
    video = make_playing()
    said = {"subject_type": VIDEO, "subject_id": video.pk, "reason": "hate", **wrong}
    with pytest.raises(ReportRejected):
        services.file_report(project=video.project, filing=Filing(**said), by=CONSUMER)  # type: ignore[arg-type]
    assert not Case.objects.exists()


def test_another_project_s_things_are_none_of_this_one_s() -> None:
    theirs, project = make_playing(), make_project()
    subjects = ((VIDEO, theirs.pk), (PROJECT, theirs.project_id), ("api_key", "key_1"), ("planet", "earth"))
    for subject_type, subject_id in subjects:
        with pytest.raises(ReportRejected):
            services.file_report(
                project=project, filing=Filing(subject_type, subject_id, "hate"), by=CONSUMER
            )


def test_creators_are_reported_by_the_consumer_s_own_id() -> None:
    project = make_project()
    report, _ = services.file_report(project=project, filing=Filing(CREATOR, "mallory", "spam"), by=CONSUMER)
    assert report.case is not None
    assert (report.case.subject_type, report.case.subject_id) == (CREATOR, "mallory")


def test_a_crowd_that_repeats_what_was_rejected_opens_nothing() -> None:
    case = make_case(reason="spam", reporter="a")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "spam"), by=REVIEWER)
    for number in range(5):
        report = make_report(_video_of(case), "spam", reporter=str(number))
        assert (report.state, report.case_id) == (states.REJECTED, case.pk)
    assert Case.objects.filter(state__in=states.UNDECIDED).count() == 0
    news = make_report(_video_of(case), "hate", reporter="b")
    assert news.case_id != case.pk
    assert news.state == states.REPORTED


@pytest.mark.parametrize(("kind", "answer"), [(Kind.NO_ACTION, states.REJECTED), (Kind.BLOCK, states.UPHELD)])
def test_another_file_of_a_video_is_looked_at_whatever_became_of_the_first(kind: Kind, answer: str) -> None:
    case = make_case(reason="spam", reporter="a")
    made = services.decide(case_id=case.pk, verdict=Verdict(kind, "spam"), by=REVIEWER)
    services.appeal(project=case.project, decision_id=made.pk, text="Why?", by=CONSUMER)
    assert make_report(_video_of(case), "spam", reporter="b").state == answer  # also while an appeal waits
    Video.objects.filter(pk=case.subject_id).update(uploaded_at=timezone.now())
    report = make_report(_video_of(case), "spam", reporter="c")
    assert (report.state, report.case_id != case.pk) == (states.REPORTED, True)


def test_after_a_month_the_same_is_looked_at_again() -> None:
    case = make_case(reason="spam", reporter="a")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "spam"), by=REVIEWER)
    Case.objects.filter(pk=case.pk).update(closed_at=timezone.now() - timedelta(days=31))
    assert make_report(_video_of(case), "spam", reporter="b").state == states.REPORTED


def test_what_is_blocked_already_is_answered_at_once() -> None:
    case = make_case(reason="spam", reporter="a")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "spam"), by=REVIEWER)
    assert make_report(_video_of(case), "spam", reporter="b").state == states.UPHELD
    assert make_report(_video_of(case), "csam", reporter="b").state == states.REPORTED


def test_a_report_brings_back_what_was_set_aside() -> None:
    case = make_case(reporter="a")
    services.snooze_case(case_id=case.pk, until=timezone.now() + timedelta(days=3), by=REVIEWER)
    make_report(_video_of(case), "spam", reporter="b")
    case.refresh_from_db()
    assert (case.state, case.snoozed_until) == (states.OPEN, None)
