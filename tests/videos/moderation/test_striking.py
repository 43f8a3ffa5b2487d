from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.safety_settings import SafetySettings
from tests.factories import make_account, make_project
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    CONSUMER,
    REVIEWER,
    SECOND,
    make_case,
    make_playing,
)
from videos.access.models import Project, UploadAllowance, UploadFreeze
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.services import create_video
from videos.errors import UploadsFrozen, VideosLimited
from videos.moderation import services
from videos.moderation.automation_models import Standing
from videos.moderation.models import Decision, Strike
from videos.moderation.policy import Kind
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Verdict
from videos.moderation.striking import key_of_video
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db
HOUSE = reviewer_of_house()


def blocked(project: Project, reason: str = "hate", creator: str = "mallory") -> Decision:
    case = make_case(make_playing(project, creator_id=creator), reason)
    return services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, reason), by=REVIEWER)


def standing(project: Project, target_type: str = "creator") -> Standing:
    return Standing.objects.get(project=project, target_type=target_type)


def verbs() -> list[str]:
    wanted = ("strike.given", "strike.cancelled", "standing.changed")
    return list(AuditEntry.objects.filter(verb__in=wanted).order_by("pk").values_list("verb", flat=True))


def test_a_block_leaves_strikes_against_creator_and_project_with_their_entries() -> None:
    project = make_project()
    decision = blocked(project)
    found = Strike.objects.order_by("target_type").values_list("target_type", "weight", "decision")
    assert list(found) == [("creator", 1, decision.pk), ("project", 1, decision.pk)]
    assert (standing(project).level, standing(project).points) == ("good", 1)
    assert verbs() == ["strike.given", "strike.given"]


def test_the_key_that_brought_the_source_has_one_too() -> None:
    account = make_account()
    video = make_playing(account.project)
    upload = Upload.objects.create(
        project=account.project, video=video, api_key=account.key, lease_expires_at=timezone.now()
    )
    Video.objects.filter(pk=video.pk).update(source_upload_id=upload.pk)
    video.refresh_from_db()
    assert key_of_video(video) == account.key.pk
    services.decide(case_id=make_case(video).pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    assert Strike.objects.filter(target_type="api_key", target_id=account.key.pk).count() == 1
    assert standing(account.project, "api_key").level == "good"


@pytest.mark.parametrize("kind", [Kind.NO_ACTION, Kind.HOLD, Kind.AGE_LABEL])
def test_what_is_let_be_held_or_labelled_leaves_none(kind: Kind) -> None:
    case = make_case(make_playing(creator_id="mallory"))
    services.decide(case_id=case.pk, verdict=Verdict(kind, "hate"), by=REVIEWER)
    assert not Strike.objects.exists()


def test_what_the_consumer_or_the_house_does_leaves_none() -> None:
    video = make_playing(creator_id="mallory")
    services.restrict_own(video=video, level="blocked", reason="csam", note="", by=CONSUMER)
    services.decide(case_id=make_case(video).pk, verdict=Verdict(Kind.BLOCK, "hate"), by=HOUSE)
    assert not Strike.objects.exists()


def test_steps_follow_each_other_and_each_is_recorded() -> None:
    project = make_project()
    for _ in range(2):
        blocked(project)
    assert standing(project).level == "review_first"
    assert not UploadAllowance.objects.exists()
    blocked(project)
    assert standing(project).level == "limited"
    with pytest.raises(VideosLimited):
        create_video(project=project, fields={"creator_id": "mallory"})
    create_video(project=project, fields={"creator_id": "alice"})
    last = blocked(project)
    assert standing(project).level == "frozen"
    with pytest.raises(UploadsFrozen):
        create_video(project=project, fields={"creator_id": "mallory"})
    freeze = standing(project).freeze
    assert freeze is not None
    assert (freeze.is_automated, freeze.case_id, freeze.channel) == (True, last.case_id, "rule")
    assert verbs().count("standing.changed") == 3
    assert standing(project, "project").level == "good"  # nothing follows for it by default


def test_the_worst_freezes_at_once() -> None:
    project = make_project()
    blocked(project, "tvec")
    assert UploadFreeze.objects.filter(target_type="creator", target_id="mallory").exists()


def test_strikes_end_by_themselves_and_with_them_what_followed() -> None:
    project = make_project()
    blocked(project, "tvec")
    assert services.expire_strikes(by=HOUSE) == 0
    later = timezone.now() + timedelta(days=91)
    assert services.expire_strikes(by=HOUSE, now=later) == 2
    assert (standing(project).level, standing(project).points) == ("good", 0)
    assert not UploadFreeze.objects.exists()
    assert not UploadAllowance.objects.exists()
    assert services.expire_strikes(by=HOUSE, now=later) == 0


def test_an_appeal_that_overturns_cancels_the_strikes_and_what_followed() -> None:
    project = make_project()
    for _ in range(3):
        blocked(project)
    decision = blocked(project)
    made = services.appeal(project=project, decision_id=decision.pk, text="Satire.", by=CONSUMER)
    services.decide_appeal(appeal_id=made.pk, outcome="overturned", answer="Yes.", by=SECOND)
    assert (standing(project).level, standing(project).points) == ("limited", 3)
    assert not UploadFreeze.objects.exists()
    assert Strike.objects.exclude(cancelled_at=None).count() == 2


def test_an_appeal_that_is_refused_cancels_nothing() -> None:
    project = make_project()
    decision = blocked(project)
    made = services.appeal(project=project, decision_id=decision.pk, text="Satire.", by=CONSUMER)
    services.decide_appeal(appeal_id=made.pk, outcome="upheld", answer="No.", by=SECOND)
    assert not Strike.objects.exclude(cancelled_at=None).exists()


def test_a_milder_decision_in_place_of_a_block_takes_the_strike_away() -> None:
    project = make_project()
    decision = blocked(project)
    made = services.appeal(project=project, decision_id=decision.pk, text="Satire.", by=CONSUMER)
    instead = Verdict(Kind.AGE_LABEL, "hate")
    services.decide_appeal(appeal_id=made.pk, outcome="partly", answer="Milder.", by=SECOND, instead=instead)
    assert standing(project).points == 0


def test_taking_a_decision_back_takes_its_strikes_back() -> None:
    project = make_project()
    decision = blocked(project)
    services.reverse(decision_id=decision.pk, explanation="A mistake.", by=ADMINISTRATOR)
    assert standing(project).points == 0
    assert not Strike.objects.filter(cancelled_by=None).exists()


def test_a_purge_that_is_refused_leaves_no_strike() -> None:
    case = make_case(make_playing(creator_id="mallory"))
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.PURGE, "hate"), by=ADMINISTRATOR)
    assert standing(decision.project).points == 1
    services.refuse_purge(request_id=decision.purge_request.pk, by=SECOND)
    assert standing(decision.project).points == 0


def test_a_freeze_of_a_reviewer_outlives_the_strikes() -> None:
    project = make_project()
    decision = blocked(project, "tvec")
    case = make_case(make_playing(project, creator_id="mallory"))
    verdict = Verdict(Kind.FREEZE_UPLOADS, "hate", target=("creator", "mallory"))
    services.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    services.expire_strikes(by=HOUSE, now=timezone.now() + timedelta(days=91))
    assert standing(project).level == "good"
    assert UploadFreeze.objects.filter(target_id="mallory").exists()
    assert decision.pk != case.pk


def test_strikes_of_one_project_say_nothing_in_another() -> None:
    blocked(make_project(), "tvec")
    create_video(project=make_project(), fields={"creator_id": "mallory"})


def test_steps_changed_since_freeze_nobody_because_a_strike_goes(settings: Any) -> None:
    project = make_project()
    decision, _ = blocked(project, "ncii", "eve"), [blocked(project) for _ in range(3)]
    assert standing(project, "project").points == 7
    safety = SafetySettings.model_validate({"strikes": {"project": {"review_first_at": 1, "freeze_at": 3}}})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    services.reverse(decision_id=decision.pk, explanation="", by=ADMINISTRATOR)
    now = standing(project, "project")
    assert (now.points, now.level, now.freeze) == (3, "review_first", None)
    blocked(project)  # a decision that can be appealed against: of the case in which the strike was given
    assert standing(project, "project").freeze is not None
    assert UploadFreeze.objects.filter(target_type="project").exists()
