from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput, InvalidTransition
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    CONSUMER,
    REVIEWER,
    SECOND,
    SENIOR,
    make_case,
    make_playing,
)
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.purge import purge_deleted
from videos.errors import VideoHeldLegally
from videos.moderation import services, states
from videos.moderation.errors import (
    DecisionNotFound,
    DecisionNotReversible,
    PowerMissing,
    RequestNotFound,
    SecondPersonNeeded,
)
from videos.moderation.models import Case, Decision, LiftRequest, PurgeRequest
from videos.moderation.policy import ALL_POWERS, Kind, Reviewer
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def decided(kind: Kind, reason: str = "hate", by: Reviewer = ADMINISTRATOR) -> tuple[Video, Decision]:
    video = make_playing()
    case = make_case(video, reason)
    return video, services.decide(case_id=case.pk, verdict=Verdict(kind, reason), by=by)


def asked(by: Reviewer = SENIOR) -> tuple[Video, PurgeRequest]:
    video, decision = decided(Kind.PURGE, "csam", by)
    return video, PurgeRequest.objects.get(decision=decision)


def level_of(video: Video) -> str:
    return Video.objects.values_list("restriction", flat=True).get(pk=video.pk)


def test_a_decision_is_taken_back_by_another() -> None:
    video, decision = decided(Kind.BLOCK)
    lifting = services.reverse(decision_id=decision.pk, explanation="Satire.", by=REVIEWER)
    assert isinstance(lifting, Decision)
    assert (lifting.kind, lifting.supersedes_id) == (Kind.LIFT, decision.pk)
    assert level_of(video) == "none"
    with pytest.raises(DecisionNotReversible):
        services.reverse(decision_id=decision.pk, explanation="", by=REVIEWER)


def test_of_what_is_severe_two_people_let_go() -> None:
    video, decision = decided(Kind.BLOCK, "csam")
    with pytest.raises(PowerMissing):
        services.reverse(decision_id=decision.pk, explanation="", by=REVIEWER)
    request = services.reverse(decision_id=decision.pk, explanation="A mistake.", by=ADMINISTRATOR)
    assert isinstance(request, LiftRequest)
    assert level_of(video) == "blocked"
    with pytest.raises(SecondPersonNeeded):
        services.approve_lift(request_id=request.pk, by=ADMINISTRATOR)
    machine = Reviewer("system:", ALL_POWERS)
    with pytest.raises(SecondPersonNeeded):
        services.approve_lift(request_id=request.pk, by=machine)
    with pytest.raises(PowerMissing):
        services.approve_lift(request_id=request.pk, by=SENIOR)
    lifting = services.approve_lift(request_id=request.pk, by=SECOND)
    assert lifting.explanation == "A mistake."
    assert level_of(video) == "none"


def test_a_refused_lifting_leaves_the_restriction() -> None:
    video, decision = decided(Kind.BLOCK, "csam")
    request = services.reverse(decision_id=decision.pk, explanation="", by=ADMINISTRATOR)
    with pytest.raises(DecisionNotReversible):
        services.reverse(decision_id=decision.pk, explanation="", by=SECOND)
    services.refuse_lift(request_id=request.pk, by=SECOND)
    assert level_of(video) == "blocked"
    with pytest.raises(InvalidTransition):
        services.approve_lift(request_id=request.pk, by=SECOND)


def test_the_database_itself_refuses_one_person_for_two() -> None:
    _, decision = decided(Kind.BLOCK, "csam")
    lift = services.reverse(decision_id=decision.pk, explanation="", by=ADMINISTRATOR)
    _, purge = asked()
    for model, pk, actor in ((LiftRequest, lift.pk, "staff:3"), (PurgeRequest, purge.pk, "staff:2")):
        for same in ({"approved_by": actor}, {"state": states.APPROVED}):
            with pytest.raises(IntegrityError), transaction.atomic():
                model.objects.filter(pk=pk).update(**same)


def test_a_legal_hold_is_lifted_by_two_and_stops_every_purge() -> None:
    video, request = asked()
    case = Case.objects.get(pk=request.case_id)
    Case.objects.filter(pk=case.pk).update(state=states.OPEN)
    hold = services.decide(case_id=case.pk, verdict=Verdict(Kind.LEGAL_HOLD, "court_order"), by=ADMINISTRATOR)
    assert Video.objects.get(pk=video.pk).legal_hold
    with pytest.raises(VideoHeldLegally):
        services.approve_purge(request_id=request.pk, by=SECOND)
    lift = services.reverse(decision_id=hold.pk, explanation="", by=ADMINISTRATOR)
    assert isinstance(lift, LiftRequest)
    services.approve_lift(request_id=lift.pk, by=SECOND)
    assert not Video.objects.get(pk=video.pk).legal_hold
    services.approve_purge(request_id=request.pk, by=SECOND)


def test_a_purge_takes_two_people_a_day_and_leaves_a_receipt() -> None:
    video, request = asked()
    with pytest.raises(SecondPersonNeeded):
        services.approve_purge(request_id=request.pk, by=Reviewer(SENIOR.actor, ALL_POWERS))
    services.approve_purge(request_id=request.pk, by=SECOND)
    house = reviewer_of_house()
    assert services.run_purges(by=house) == 0
    assert Video.objects.get(pk=video.pk).status == "ready"
    later = timezone.now() + timedelta(days=1, seconds=1)
    assert services.run_purges(by=house, now=later) == 1
    assert Video.objects.get(pk=video.pk).status == "deleting"
    assert services.run_purges(by=house, now=later) == 0  # its files are there still
    purge_deleted(now=later + timedelta(hours=1))
    assert services.run_purges(by=house, now=later) == 1
    request.refresh_from_db()
    assert request.state == states.DONE
    assert (request.receipt["requested_by"], request.receipt["approved_by"]) == ("staff:2", "staff:4")
    assert set(request.receipt) >= {"video_id", "source_sha256", "keys_destroyed_at", "files_removed_by"}
    verbs = list(AuditEntry.objects.filter(verb__startswith="purge.").values_list("verb", flat=True))
    assert set(verbs) == {"purge.approved", "purge.begun", "purge.done"}


def test_without_a_delay_the_second_person_s_word_is_the_deed(settings: Any) -> None:
    config = settings.GILFOYLE
    safety = config.safety.model_copy(update={"purge_delay_s": 0})
    settings.GILFOYLE = config.model_copy(update={"safety": safety})
    video, request = asked()
    services.approve_purge(request_id=request.pk, by=SECOND)
    assert Video.objects.get(pk=video.pk).status == "deleting"
    with pytest.raises(DecisionNotReversible):
        services.refuse_purge(request_id=request.pk, by=SECOND)


def test_a_refused_purge_lets_the_video_be_and_opens_the_case_again() -> None:
    video, request = asked()
    services.refuse_purge(request_id=request.pk, by=SECOND)
    case = Case.objects.get(pk=request.case_id)
    assert (level_of(video), case.state) == ("none", states.OPEN)


def test_a_refused_purge_leaves_a_video_held_that_was() -> None:
    video = make_playing()
    case = make_case(video, reason="hate")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "hate"), by=SENIOR)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.PURGE, "hate"), by=SENIOR)
    assert level_of(video) == "blocked"
    services.refuse_purge(request_id=PurgeRequest.objects.get().pk, by=SECOND)
    assert level_of(video) == "held"


def test_a_hold_is_lifted_by_who_may_decide_the_severest_of_its_case() -> None:
    video = make_playing()
    case = make_case(video, reason="tos_other")
    hold = services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "tos_other"), by=REVIEWER)
    make_case(video, reason="csam")  # reported once more, to the same case
    with pytest.raises(PowerMissing):
        services.reverse(decision_id=hold.pk, explanation="", by=REVIEWER)
    assert level_of(video) == "held"


def test_a_purge_may_be_refused_until_it_is_done() -> None:
    video, request = asked()
    services.approve_purge(request_id=request.pk, by=SECOND)
    services.refuse_purge(request_id=request.pk, by=SENIOR)
    later = timezone.now() + timedelta(days=2)
    assert services.run_purges(by=reviewer_of_house(), now=later) == 0
    assert level_of(video) == "blocked"
    assert Video.objects.get(pk=video.pk).status == "ready"


def test_what_is_not_there_or_not_a_reviewer_s_is_not_taken_back() -> None:
    with pytest.raises(DecisionNotFound):
        services.reverse(decision_id="dec_1", explanation="", by=ADMINISTRATOR)
    with pytest.raises(RequestNotFound):
        services.approve_purge(request_id="pur_1", by=ADMINISTRATOR)
    own = services.restrict_own(video=make_playing(), level="held", reason="hate", note="", by=CONSUMER)
    with pytest.raises(DecisionNotReversible):
        services.reverse(decision_id=own.pk, explanation="", by=ADMINISTRATOR)
    _, decision = decided(Kind.PURGE, "csam")
    with pytest.raises(DecisionNotReversible):
        services.reverse(decision_id=decision.pk, explanation="", by=ADMINISTRATOR)
    with pytest.raises(InvalidInput):
        services.reverse(decision_id=decision.pk, explanation="x" * 2001, by=ADMINISTRATOR)
