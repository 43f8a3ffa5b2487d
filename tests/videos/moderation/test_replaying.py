from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.rule_settings import Rule
from gilfoyle.lib.safety_settings import SafetySettings
from tests.factories import make_project
from tests.videos.moderation.making import REVIEWER, make_playing, make_report
from videos.moderation import rule_history, services
from videos.moderation.automation_models import RuleHit, RuleStop
from videos.moderation.models import Case
from videos.moderation.policy import Kind
from videos.moderation.replaying import (
    ACTED_ON,
    FINE,
    UNDECIDED,
    Replay,
    records_of,
    replay,
    verdict_after,
    would_stop,
)
from videos.moderation.rule_history import Judgement
from videos.moderation.rules import version_of
from videos.moderation.services import Verdict

NOW = datetime(2027, 1, 2, tzinfo=UTC)
CROWD = {"name": "crowd", "when": {"reports_weighted_min": 2}, "do": {"hold": True}}
LONG = {"name": "long", "when": {"duration_s_min": 10}, "do": {"flag": True}}


def rules_of(*some: dict[str, Any]) -> tuple[Rule, ...]:
    return tuple(Rule.model_validate(one) for one in some)


def lately(wanted: Sequence[Rule], *, days: int = 1) -> Replay:
    now = timezone.now()
    return replay(wanted, since=now - timedelta(days=days), until=now)


def decide(video_id: str, kind: Kind) -> None:
    case = Case.objects.get(subject_id=video_id, state="open")
    services.decide(case_id=case.pk, verdict=Verdict(kind, "hate"), by=REVIEWER)


@pytest.mark.django_db
def test_a_try_comes_to_what_the_rules_themselves_did(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_history, "BATCH", 2)
    noted = [{**CROWD, "shadow": True}, {**LONG, "shadow": True}]
    safety = SafetySettings.model_validate({"rules": noted})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    crowded, let_be, alone, blocked, unseen = (make_playing() for _ in range(5))
    make_report(let_be, reporter="ann")
    decide(let_be.pk, Kind.NO_ACTION)
    for person in ("bob", "eve"):
        for video in (crowded, let_be, blocked):
            make_report(video, "violence_graphic", reporter=person)
    for _ in range(2):
        make_report(alone)
    decide(crowded.pk, Kind.NO_ACTION)
    decide(blocked.pk, Kind.BLOCK)
    decide(alone.pk, Kind.RESTRICT)
    told = lately(rules_of(*noted))
    crowd, long = told.outcomes
    assert {one.video_id for one in crowd.examples} == {
        hit.video_id for hit in RuleHit.objects.filter(rule="crowd")
    }
    assert crowd.verdicts == {FINE: 1, ACTED_ON: 1, UNDECIDED: 0}
    # Who plays is known by its length; so all of them come up once they are playable.
    assert (long.videos, told.videos) == (5, 5)
    assert {unseen.pk} == {one.video_id for one in long.examples if one.verdict == UNDECIDED}
    assert (told.acted_on, told.missed) == (2, 0)
    alone_missed = lately(rules_of(CROWD))
    assert (alone_missed.acted_on, alone_missed.missed, alone_missed.missed_videos) == (2, 1, [alone.pk])


@pytest.mark.django_db
def test_who_was_wrong_before_weighs_as_little_as_then(django_assert_max_num_queries: Any) -> None:
    wrong, then = make_playing(), timezone.now() - timedelta(days=3)
    for person in ("ann", "bob"):
        make_report(wrong, reporter=person)
    decide(wrong.pk, Kind.NO_ACTION)
    for_both = make_playing(wrong.project)
    for person in ("ann", "bob"):
        make_report(for_both, reporter=person)
    with django_assert_max_num_queries(12):
        told = lately(rules_of(CROWD))
    assert [one.video_id for one in told.outcomes[0].examples] == [wrong.pk]
    assert lately(rules_of({**CROWD, "when": {"reports_weighted_min": 1}})).outcomes[0].videos == 2
    # What was decided in the time in question counts as caught also where a rule was true before that.
    decided_from = timezone.now()
    decide(for_both.pk, Kind.BLOCK)
    told = replay(
        rules_of({**CROWD, "when": {"reports_weighted_min": 1}}), since=decided_from, until=timezone.now()
    )
    assert (told.acted_on, told.missed, told.outcomes[0].videos) == (1, 0, 0)
    assert replay(rules_of(CROWD), since=then - timedelta(days=1), until=then).videos == 0


def test_only_what_came_later_says_whether_a_rule_was_right() -> None:
    at = [NOW + timedelta(hours=n) for n in range(4)]
    judged = [
        Judgement(at[0], Kind.BLOCK, "cas_1"),
        Judgement(at[2], Kind.LIFT, "cas_1"),
        Judgement(at[3], Kind.LEGAL_HOLD, "cas_1"),
    ]
    assert [verdict_after(judged, one) for one in at] == [FINE, FINE, FINE, UNDECIDED]
    assert verdict_after(judged[:1], at[0]) == ACTED_ON


def test_a_rule_that_would_have_stopped_itself_is_told_with_what_came_later() -> None:
    an_hour = [NOW + timedelta(minutes=n) for n in range(12)]
    stop = would_stop(reversed_order(an_hour), project_id="prj_1", videos=900)
    assert stop is not None
    assert (stop.at, stop.later) == (an_hour[10], 2)
    assert would_stop(an_hour, project_id="prj_1", videos=2000) is None
    assert (
        would_stop([NOW + timedelta(minutes=9 * n) for n in range(40)], project_id="prj_1", videos=9) is None
    )


def reversed_order(times: list[datetime]) -> list[datetime]:
    return times[::-1]


@pytest.mark.django_db
def test_what_rules_really_did_is_counted_with_what_people_thought_of_it() -> None:
    (crowd,) = rules_of(CROWD)
    video, project = make_playing(), make_project()
    make_report(video)
    common = {"rule": "crowd", "video_id": video.pk, "project": video.project}
    RuleHit.objects.create(**common, version=version_of(crowd), is_held=True)
    RuleHit.objects.create(**common, version="older", is_held=True, is_shadow=True)
    RuleHit.objects.create(
        **common, version="older", is_held=True, at=timezone.now() - timedelta(days=9), case_id="1"
    )
    RuleStop.objects.create(project=project, rule="crowd", version=version_of(crowd))
    RuleStop.objects.create(project=video.project, rule="crowd", version="older")
    decide(video.pk, Kind.BLOCK)
    (record,) = records_of([crowd], since=timezone.now() - timedelta(days=1))
    assert (record.hits, record.held, record.noted, record.stopped_in) == (2, 1, 1, [project.pk])
    assert record.verdicts == {FINE: 0, ACTED_ON: 2, UNDECIDED: 0}
