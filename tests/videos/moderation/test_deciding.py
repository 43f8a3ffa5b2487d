from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput, InvalidTransition
from tests.factories import make_api_key, make_project
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    AUDITOR,
    REVIEWER,
    SENIOR,
    make_case,
    make_playing,
    make_report,
)
from videos.access.models import Project, UploadFreeze
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.selectors import get_playback_policy
from videos.moderation import services, states
from videos.moderation.errors import CaseChanged, CaseTaken, DecisionNotAllowed, PowerMissing
from videos.moderation.models import Case, Decision, PurgeRequest, Restriction
from videos.moderation.policy import CREATOR, PROJECT, Kind, Power, Reviewer
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
BLOCK = Verdict(Kind.BLOCK, "hate", explanation="It is hate.")


def test_a_block_bites_and_leaves_its_trail() -> None:
    video = make_playing()
    case = make_case(video)
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    video.refresh_from_db()
    case.refresh_from_db()
    assert (video.restriction, case.state) == ("blocked", states.CLOSED)
    policy = get_playback_policy(video.pk)
    assert policy is not None
    assert policy.restriction == "blocked"
    assert [one.state for one in case.reports.all()] == [states.UPHELD]
    assert decision.decided_by == "staff:1"
    verbs = set(AuditEntry.objects.filter(project_id=video.project_id).values_list("verb", flat=True))
    assert {"case.opened", "report.filed", "restriction.began", "case.decided"} <= verbs
    trail = AuditEntry.objects.get(verb="case.decided", object_id=case.pk)
    assert (trail.actor_kind, trail.actor_id) == ("staff", "1")
    assert trail.data["decision_id"] == decision.pk


def test_no_action_rejects_what_was_reported_and_restricts_nothing() -> None:
    case = make_case()
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "hate"), by=REVIEWER)
    case.refresh_from_db()
    assert case.state == states.CLOSED
    assert [one.state for one in case.reports.all()] == [states.REJECTED]
    assert not Restriction.objects.exists()


def test_a_hold_leaves_the_case_open_and_ends_with_what_is_decided_then() -> None:
    video = make_playing()
    case = make_case(video)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "hate"), by=REVIEWER)
    video.refresh_from_db()
    case.refresh_from_db()
    assert (video.restriction, case.state, case.is_held) == ("held", states.OPEN, True)
    assert case.first_action_at is not None
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "hate"), by=REVIEWER)
    video.refresh_from_db()
    assert video.restriction == "none"


def test_the_strictest_of_all_restrictions_counts() -> None:
    video = make_playing()
    first, second = make_case(video, "violence_graphic"), None
    services.decide(case_id=first.pk, verdict=Verdict(Kind.AGE_LABEL, "violence_graphic"), by=REVIEWER)
    second = make_case(video, "defamation")
    geo = Verdict(Kind.GEO_BLOCK, "defamation", countries=("fr", "DE"))
    services.decide(case_id=second.pk, verdict=geo, by=REVIEWER)
    policy = get_playback_policy(video.pk)
    assert policy is not None
    assert (policy.restriction, policy.needs_age, policy.blocked_countries) == ("none", True, ("DE", "FR"))


def test_a_claim_keeps_others_away_until_it_ends() -> None:
    case = make_case()
    services.claim_case(case_id=case.pk, by=REVIEWER)
    with pytest.raises(CaseTaken):
        services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)
    Case.objects.filter(pk=case.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))
    services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)


def test_a_case_that_changed_is_not_decided_blindly() -> None:
    case = make_case()
    make_report(Video.objects.get(pk=case.subject_id), "spam", reporter="another")
    with pytest.raises(CaseChanged):
        services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER, version=case.version)
    case.refresh_from_db()
    services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER, version=case.version)


def test_a_closed_case_is_not_decided_again() -> None:
    case = make_case()
    services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    with pytest.raises(InvalidTransition):
        services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "reason", "by"),
    [
        (Kind.BLOCK, "hate", AUDITOR),
        (Kind.NO_ACTION, "csam", REVIEWER),
        (Kind.LEGAL_HOLD, "hate", SENIOR),
        (Kind.PURGE, "hate", REVIEWER),
    ],
)
def test_who_may_not_decide_this_is_told_what_it_takes(kind: Kind, reason: str, by: Reviewer) -> None:
    case = make_case(reason=reason)
    with pytest.raises(PowerMissing):
        services.decide(case_id=case.pk, verdict=Verdict(kind, reason), by=by)
    assert not Decision.objects.exists()


def test_a_severe_report_is_not_let_be_under_a_milder_name() -> None:
    case = make_case(reason="csam")
    with pytest.raises(PowerMissing):
        services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "spam"), by=REVIEWER)


@pytest.mark.parametrize("kind", [Kind.AGE_LABEL, Kind.EMBEDDING_OFF, Kind.GEO_BLOCK, Kind.RESTRICT])
def test_what_is_too_mild_for_its_reason_is_refused(kind: Kind) -> None:
    case = make_case(reason="csam")
    countries = ("DE",) if kind == Kind.GEO_BLOCK else ()
    with pytest.raises(DecisionNotAllowed):
        services.decide(case_id=case.pk, verdict=Verdict(kind, "csam", countries=countries), by=ADMINISTRATOR)


def test_the_creator_behind_a_video_is_frozen_and_strangers_are_not() -> None:
    video = make_playing(creator_id="mallory")
    case = make_case(video)
    freeze = Verdict(Kind.FREEZE_UPLOADS, "hate", target=(CREATOR, "mallory"))
    services.decide(case_id=case.pk, verdict=freeze, by=SENIOR)
    assert UploadFreeze.objects.filter(project=video.project, target_id="mallory").exists()
    case.refresh_from_db()
    assert case.state == states.OPEN
    stranger = Verdict(Kind.FREEZE_UPLOADS, "hate", target=(CREATOR, "alice"))
    with pytest.raises(DecisionNotAllowed):
        services.decide(case_id=case.pk, verdict=stranger, by=SENIOR)
    key, _ = make_api_key(make_project())
    foreign = Verdict(Kind.FREEZE_UPLOADS, "hate", target=("api_key", key.pk))
    with pytest.raises(DecisionNotAllowed):
        services.decide(case_id=case.pk, verdict=foreign, by=SENIOR)
    # Who it is, is a person's name in the consumer's world: it stands where it can be erased.
    assert not AuditEntry.objects.filter(data__contains="mallory").exists()


def test_a_project_is_suspended_and_freed_again() -> None:
    video = make_playing()
    case = make_case(video)
    verdict = Verdict(Kind.SUSPEND, "hate", target=(PROJECT, video.project_id))
    decision = services.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    assert Project.objects.get(pk=video.project_id).is_suspended
    services.reverse(decision_id=decision.pk, explanation="", by=ADMINISTRATOR)
    assert not Project.objects.get(pk=video.project_id).is_suspended


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(Kind.BLOCK, "no_such"),
        Verdict(Kind.LIFT, "hate"),
        Verdict(Kind.BLOCK, "hate", explanation="x" * 2001),
        Verdict(Kind.BLOCK, "hate", ends_at=timezone.now() - timedelta(days=1)),
        Verdict(Kind.GEO_BLOCK, "hate"),
        Verdict(Kind.GEO_BLOCK, "hate", countries=("Germany",)),
        Verdict(Kind.BLOCK, "hate", countries=("DE",)),
    ],
)
def test_a_verdict_that_says_nothing_sensible_is_refused(verdict: Verdict) -> None:
    case = make_case()
    with pytest.raises(InvalidInput):
        services.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    assert not Decision.objects.exists()


def test_a_purge_is_asked_for_and_plays_no_more() -> None:
    video = make_playing()
    case = make_case(video, "csam")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.PURGE, "csam"), by=SENIOR)
    request = PurgeRequest.objects.get()
    video.refresh_from_db()
    case.refresh_from_db()
    assert (request.requested_by, request.state) == ("staff:2", states.REQUESTED)
    assert (video.restriction, case.state) == ("blocked", states.AWAITING_SECOND)


def test_a_decision_stays_as_it_was_made() -> None:
    case = make_case()
    decision = services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    decision.explanation = "Something else."
    for change in (
        decision.save,
        decision.delete,
        Decision.objects.all().delete,
        lambda: Decision.objects.update(reason="spam"),
    ):
        with pytest.raises(TypeError):
            change()
    decision.refresh_from_db()
    assert decision.explanation == "It is hate."


def test_escalated_cases_are_a_senior_s() -> None:
    case = make_case()
    services.escalate_case(case_id=case.pk, by=REVIEWER)
    with pytest.raises(PowerMissing):
        services.decide(case_id=case.pk, verdict=BLOCK, by=REVIEWER)
    services.claim_case(case_id=case.pk, by=SENIOR)
    services.release_case(case_id=case.pk, by=SENIOR)
    case.refresh_from_db()
    assert case.state == states.ESCALATED
    services.decide(case_id=case.pk, verdict=BLOCK, by=SENIOR)


def test_powers_are_the_names_of_permissions() -> None:
    assert {name for name, _ in Case._meta.permissions} == {power.value for power in Power}


def test_a_mild_decision_answers_to_the_worst_that_was_reported() -> None:
    video = make_playing()
    case = make_case(video, "csam")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "csam"), by=SENIOR)
    with pytest.raises(DecisionNotAllowed):
        services.decide(case_id=case.pk, verdict=Verdict(Kind.AGE_LABEL, "violence_graphic"), by=SENIOR)
    video.refresh_from_db()
    assert video.restriction == "held"


def test_a_block_for_a_severe_reason_has_no_end() -> None:
    case, end = make_case(reason="csam"), timezone.now() + timedelta(days=1)
    with pytest.raises(InvalidInput, match="by itself"):
        services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "csam", ends_at=end), by=SENIOR)


def test_nor_has_one_under_a_milder_name_in_a_severe_case() -> None:
    case, end = make_case(reason="csam"), timezone.now() + timedelta(days=1)
    with pytest.raises(InvalidInput, match="by itself"):
        services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "spam", ends_at=end), by=SENIOR)
