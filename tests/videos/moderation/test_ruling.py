from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gilfoyle.lib.safety_settings import SafetySettings
from tests.factories import make_project
from tests.videos.moderation.making import REVIEWER, make_playing, make_report
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import rules, services
from videos.moderation.automation_models import RuleHit, RuleStop
from videos.moderation.models import Case, Report
from videos.moderation.policy import PROJECT, Kind
from videos.moderation.ruling import apply_rules, facts_of
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
CROWD = {
    "name": "crowd",
    "when": {"reports_weighted_min": 2},
    "do": {"hold": True, "hold_h": 72, "priority": 300},
}
LONG = {"name": "long", "when": {"duration_s_min": 10}, "do": {"hold": True}}


@pytest.fixture
def ruled(settings: Any) -> Any:
    def have(*some: dict[str, Any]) -> None:
        safety = SafetySettings.model_validate({"rules": some})
        settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})

    return have


def level_of(video: Video) -> str:
    return Video.objects.values_list("restriction", flat=True).get(pk=video.pk)


def test_two_people_hold_a_video_for_a_time_once(ruled: Any) -> None:
    ruled(CROWD)
    video = make_playing()
    make_report(video, reporter="ann")
    assert level_of(video) == "none"
    make_report(video, reporter="bob")
    make_report(video, reporter="eve")
    assert level_of(video) == "held"
    case, hit = Case.objects.get(), RuleHit.objects.get()
    assert (case.by_hand, hit.case_id, hit.is_held, hit.is_shadow) == (300, case.pk, True, False)
    decision = case.decisions.get()
    assert (decision.channel, decision.is_automated, decision.ends_at is not None) == ("rule", True, True)
    assert AuditEntry.objects.filter(verb="rule.applied", object_id=video.pk).count() == 1


def test_a_thousand_reports_of_one_person_hold_nothing(ruled: Any) -> None:
    ruled({**CROWD, "when": {"reports_weighted_min": 0.1}})
    video = make_playing()
    for reason in rules_reasons():
        for _ in range(2):
            make_report(video, reason, reporter="ann")
    for _ in range(20):
        make_report(video)
    assert (level_of(video), RuleHit.objects.count()) == ("none", 0)


def rules_reasons() -> list[str]:
    return ["csam", "tvec", "hate", "spam", "copyright"]


def test_what_is_said_is_gathered_without_its_words_or_repetitions(ruled: Any) -> None:
    ruled({**CROWD, "when": {"reports_weighted_min": 90, "within_h": 1}})
    video = make_playing()
    for _ in range(3):
        make_report(video, comment="Look at this.")
    make_report(video, reporter="ann")
    old = make_report(video, "spam", reporter="bob")
    Report.objects.filter(pk=old.pk).update(created_at=old.created_at - timedelta(hours=2))
    with CaptureQueriesContext(connection) as queries:
        known = facts_of(video, event=rules.REPORT)
    assert sorted((one.reason, bool(one.person)) for one in known.reports) == [
        ("hate", False),
        ("hate", True),
    ]
    assert not any("sealed_text" in one["sql"] for one in queries)
    assert facts_of(video, event=rules.COMING).reports == ()


def test_a_shadow_notes_and_does_nothing(ruled: Any) -> None:
    ruled({**CROWD, "shadow": True})
    video = make_playing()
    for person in ("ann", "bob", "eve"):
        make_report(video, reporter=person)
    assert (level_of(video), Case.objects.get().by_hand) == ("none", 0)
    hit = RuleHit.objects.get()
    assert (hit.is_shadow, hit.is_held) == (True, True)


def test_a_crowd_does_not_overrule_a_person(ruled: Any) -> None:
    ruled(CROWD)
    video = make_playing()
    case = make_report(video, reporter="ann").case
    assert case is not None
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "hate"), by=REVIEWER)
    for person in ("bob", "eve", "joe"):
        make_report(video, "violence_graphic", reporter=person)
    assert level_of(video) == "none"
    Video.objects.filter(pk=video.pk).update(uploaded_at=timezone.now())  # of another file nobody has said so
    make_report(video, "violence_graphic", reporter="pam")
    assert level_of(video) == "held"


def test_what_comes_is_held_with_a_case_of_its_own(ruled: Any) -> None:
    ruled(LONG)
    video = make_playing()
    apply_rules(video_id=video.pk, event=rules.COMING)
    apply_rules(video_id=video.pk, event=rules.COMING)
    assert (level_of(video), Case.objects.get().subject_id, RuleHit.objects.count()) == ("held", video.pk, 1)
    assert apply_rules(video_id="vid_000000000000000000", event=rules.COMING) == []


def test_a_rule_that_holds_too_much_stops_itself_there_and_tells(ruled: Any) -> None:
    ruled(LONG)
    project = make_project()
    videos = [make_playing(project) for _ in range(12)]
    for video in videos:
        apply_rules(video_id=video.pk, event=rules.COMING)
    assert [level_of(one) for one in videos] == ["held"] * 10 + ["none"] * 2
    assert RuleStop.objects.get().project == project
    assert Case.objects.filter(subject_type=PROJECT, subject_id=project.pk).count() == 1
    other = make_playing()
    apply_rules(video_id=other.pk, event=rules.COMING)
    assert level_of(other) == "held"
    ruled({**LONG, "when": {"duration_s_min": 11}})
    apply_rules(video_id=videos[-1].pk, event=rules.COMING)
    assert not RuleStop.objects.filter(version=RuleHit.objects.order_by("-at")[0].version).exists()
