from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.public_report_settings import PublicReportSettings
from gilfoyle.lib.safety_settings import SafetySettings
from tests.videos.moderation.making import SENIOR, make_playing, make_report
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation.automation_models import RuleHit
from videos.moderation.errors import ReportRejected, TooManyReports
from videos.moderation.forgetting import reports_by
from videos.moderation.models import Case, Report
from videos.moderation.policy import Kind
from videos.moderation.public_reporting import MOST_OF_SESSION, PublicReport, file_public_report
from videos.moderation.sealed import person_of
from videos.moderation.services import Verdict, decide

pytestmark = pytest.mark.django_db
LIMITS = PublicReportSettings(enabled=True, video_per_hour=3, project_per_hour=4)


def say(video: Video, viewer: int = 1, reason: str = "hate", limits: Any = LIMITS, **more: Any) -> bool:
    session = viewer.to_bytes(8, "big")
    return file_public_report(
        PublicReport(video.project_id, video.pk, session, reason, **more), limits=limits
    )


def test_a_viewer_says_a_reason_once_and_few_of_them() -> None:
    video, roomy = make_playing(), PublicReportSettings(video_per_hour=100)
    assert [say(video, limits=roomy), say(video, limits=roomy)] == [True, False]
    # Also when it was answered meanwhile.
    Report.objects.update(state="rejected")
    assert not say(video, limits=roomy)
    assert say(video, reason="spam", limits=roomy)
    assert say(video, reason="copyright", limits=roomy)
    with pytest.raises(TooManyReports, match="for several reasons already"):
        say(video, reason="defamation", limits=roomy)
    assert (Report.objects.count(), Case.objects.get().unkept_reports) == (MOST_OF_SESSION, 3)
    assert AuditEntry.objects.filter(verb="report.filed", actor_kind="system").count() == MOST_OF_SESSION


def test_no_name_that_a_consumer_may_choose_is_a_viewer_s(settings: Any) -> None:
    video = make_playing()
    say(video)
    name = f"public:{video.pk}:{(1).to_bytes(8, 'big').hex()}"
    told = {"project_id": video.project_id}
    assert make_report(video, reporter=name).pk != Report.objects.get(channel="public_form").pk
    assert reports_by(name, **told).count() == 1
    # Nor is a row of theirs found by what it may have been called before.
    Report.objects.all().delete()
    say(video)
    person = person_of(name, **told, root_secret=settings.GILFOYLE_ROOT_SECRET)
    Report.objects.update(reporter=person)
    assert not reports_by(name, **told).exists()


def test_who_shares_a_token_with_others_is_silenced_by_none_of_them() -> None:
    video, roomy = make_playing(), PublicReportSettings(video_per_hour=100)
    for reason in ("hate", "spam", "tos_other"):
        assert say(video, reason=reason, limits=roomy)
    # Trifles keep nobody from saying what is severe, and who says it too is counted.
    assert say(video, reason="csam", limits=roomy)
    assert [say(video, reason="csam", limits=roomy) for _ in range(2)] == [False, False]
    assert Case.objects.get().unkept_reports == 2
    # Of another file nothing was said yet; what is still open of the one before stands for both.
    Report.objects.filter(reason="spam").update(state="rejected")
    Video.objects.update(uploaded_at=timezone.now())
    assert [say(video, reason=reason, limits=roomy) for reason in ("spam", "csam")] == [True, False]
    assert Case.objects.get().unkept_reports == 3


def test_two_reports_of_a_viewer_can_not_be_told_to_be_of_one() -> None:
    one = make_playing()
    other = make_playing(one.project)
    say(one)
    say(other)
    people = set(Report.objects.values_list("reporter", flat=True))
    assert len(people) == 2
    assert "" not in people


def test_beyond_the_bounds_of_an_hour_it_is_counted_but_for_the_first_of_a_reason() -> None:
    video = make_playing()
    for viewer in range(3):
        assert say(video, viewer)
    for viewer in range(10, 15):
        with pytest.raises(TooManyReports, match="many times within the last hour"):
            say(video, viewer)
    assert say(video, 20, "csam")
    assert (Report.objects.count(), Case.objects.get().unkept_reports) == (4, 5)
    # The project has had its own by now: another video's first of a reason is kept, its second not.
    other = make_playing(video.project)
    assert say(other, 30)
    with pytest.raises(TooManyReports):
        say(other, 31)
    assert say(make_playing(), 31)
    # Backends are not bounded by it.
    assert make_report(video, reporter="ann").channel == "consumer_api"


def test_viewers_alone_have_nothing_looked_at_again_that_a_person_let_be() -> None:
    video = make_playing()
    say(video, 1, "csam")
    decide(case_id=Case.objects.get().pk, verdict=Verdict(Kind.NO_ACTION, "csam"), by=SENIOR)
    say(video, 2, "csam")
    assert not say(video, 2, "csam")  # counted, where there is no other case at the closed one
    assert (Report.objects.filter(state="rejected").count(), Case.objects.get().state) == (2, "closed")
    assert Case.objects.get().unkept_reports == 1
    # Another reason is news, and so is what a backend says.
    say(video, 3, "hate")
    assert Case.objects.filter(state="open").count() == 1
    make_report(video, "csam", reporter="ann")
    assert Report.objects.get(channel="consumer_api").state == "open"


@pytest.mark.parametrize(("reason", "comment"), [("court_order", ""), ("nope", ""), ("hate", "x" * 1001)])
def test_what_the_form_does_not_offer_is_refused(reason: str, comment: str) -> None:
    with pytest.raises(ReportRejected):
        say(make_playing(), reason=reason, comment=comment)
    assert not Report.objects.exists()


def test_viewers_weigh_less_and_hold_nothing(settings: Any) -> None:
    rules = [
        {"name": "crowd", "when": {"reports_weighted_min": 0.4}, "do": {"hold": True}},
        {"name": "heavy", "when": {"reports_weighted_min": 0.6}, "do": {"flag": True}, "shadow": True},
        {"name": "some", "when": {"reports_weighted_min": 0.4}, "do": {"flag": True}, "shadow": True},
    ]
    safety = SafetySettings.model_validate({"rules": rules})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    video = make_playing()
    for viewer in range(3):
        say(video, viewer)
    assert Video.objects.get(pk=video.pk).restriction == "none"
    assert set(RuleHit.objects.values_list("rule", flat=True)) == {"some"}
    case = Case.objects.get()
    assert (case.distinct_reporters, case.score_parts) == (0, {"severity": 5500, "public": -1100})
    make_report(video, reporter="ann")
    case.refresh_from_db()
    assert (case.distinct_reporters, case.score_parts) == (1, {"severity": 5500, "reporters": 150})
