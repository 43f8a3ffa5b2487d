from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from tests.videos.moderation.making import CONSUMER, REVIEWER, make_case, make_playing
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.errors import RestrictionNotYours
from videos.moderation.models import Restriction
from videos.moderation.policy import Kind
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def restrict(video: Video, level: str = "held") -> None:
    services.restrict_own(video=video, level=level, reason="hate", note="ours", by=CONSUMER)


def level_of(video: Video) -> str:
    return Video.objects.values_list("restriction", flat=True).get(pk=video.pk)


def test_a_consumer_tightens_and_loosens_what_it_set_itself() -> None:
    video = make_playing()
    for level in ("held", "blocked", "restricted"):
        restrict(video, level)
        assert level_of(video) == level
    assert Restriction.objects.filter(ended_at=None).count() == 1
    decision = services.lift_own(video=video, note="", by=CONSUMER)
    assert decision is not None
    assert level_of(video) == "none"
    assert services.lift_own(video=video, note="", by=CONSUMER) is None


def test_a_consumer_lifts_nothing_that_the_operator_decided() -> None:
    video = make_playing()
    case = make_case(video)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    with pytest.raises(RestrictionNotYours):
        services.lift_own(video=video, note="", by=CONSUMER)
    restrict(video, "held")
    services.lift_own(video=video, note="", by=CONSUMER)
    assert level_of(video) == "blocked"


@pytest.mark.parametrize(("level", "reason"), [("none", "hate"), ("removed", "hate"), ("held", "because")])
def test_a_restriction_that_there_is_not_is_refused(level: str, reason: str) -> None:
    with pytest.raises(InvalidInput):
        services.restrict_own(video=make_playing(), level=level, reason=reason, note="", by=CONSUMER)


def test_a_restriction_ends_by_itself_and_says_so() -> None:
    video = make_playing()
    case = make_case(video)
    ends_at = timezone.now() + timedelta(hours=1)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate", ends_at=ends_at), by=REVIEWER)
    house = reviewer_of_house()
    assert services.expire_restrictions(by=house) == 0
    assert level_of(video) == "blocked"
    assert services.expire_restrictions(by=house, now=ends_at) == 1
    assert services.expire_restrictions(by=house, now=ends_at) == 0
    assert level_of(video) == "none"
    ended = AuditEntry.objects.get(verb="restriction.ended")
    assert ended.actor_kind == "system"


def test_one_that_ends_leaves_the_others() -> None:
    video = make_playing()
    ends_at = timezone.now() + timedelta(hours=1)
    first = make_case(video)
    services.decide(case_id=first.pk, verdict=Verdict(Kind.BLOCK, "hate", ends_at=ends_at), by=REVIEWER)
    restrict(video, "held")
    services.expire_restrictions(by=reviewer_of_house(), now=ends_at)
    assert level_of(video) == "held"


def test_a_video_that_is_gone_meanwhile_hinders_no_end() -> None:
    video = make_playing()
    restrict(video, "blocked")
    Video.objects.filter(pk=video.pk).delete()
    Restriction.objects.update(ends_at=timezone.now())
    assert services.expire_restrictions(by=reviewer_of_house()) == 1


def test_every_restriction_has_its_entry() -> None:
    video = make_playing()
    restrict(video, "held")
    restrict(video, "blocked")
    services.lift_own(video=video, note="", by=CONSUMER)
    began = AuditEntry.objects.filter(verb="restriction.began").values_list("object_id", flat=True)
    ended = AuditEntry.objects.filter(verb="restriction.ended").values_list("object_id", flat=True)
    ids = set(Restriction.objects.values_list("pk", flat=True))
    assert set(began) == set(ended) == ids
    assert {entry.actor_kind for entry in AuditEntry.objects.filter(verb__startswith="restriction.")} == {
        "api_key"
    }


@pytest.mark.parametrize(("reason", "level"), [("hate", "none"), ("minor_safety", "held")])
def test_a_hold_lapses_unless_it_is_severe_and_then_it_is_overdue(reason: str, level: str) -> None:
    video = make_playing()
    case = make_case(video, reason)
    soon = timezone.now() + timedelta(hours=1)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, reason, ends_at=soon), by=REVIEWER)
    later = timezone.now() + timedelta(hours=2)
    for _ in range(2):
        services.expire_restrictions(by=REVIEWER, now=later)
    video.refresh_from_db()
    case.refresh_from_db()
    assert video.restriction == level
    if level == "held":
        assert case.due_at <= later
        assert AuditEntry.objects.filter(verb="restriction.kept").count() == 1
