import pytest
from django.utils import timezone

from gilfoyle.backups.purges import Answered, answered_now, destroy_again, settle_open
from tests.videos.moderation.making import ADMINISTRATOR, SECOND, SENIOR, make_case, make_playing
from videos.catalog.models import Video
from videos.catalog.restrictions import set_legal_hold
from videos.management.telling import operator
from videos.moderation import services, states
from videos.moderation.models import PurgeRequest
from videos.moderation.policy import Kind
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def approved() -> PurgeRequest:
    video = make_playing()
    case = make_case(video, "csam")
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.PURGE, "csam"), by=SENIOR)
    request = PurgeRequest.objects.get(decision=decision)
    return services.approve_purge(request_id=request.pk, by=SECOND)


def run_due() -> int:
    PurgeRequest.objects.update(not_before=timezone.now())
    return services.run_purges(by=reviewer_of_house())


def as_it_was(request: PurgeRequest) -> None:
    """Let rows be as a backup has them that was taken before."""
    PurgeRequest.objects.filter(pk=request.pk).update(
        state=states.APPROVED, refused_by="", receipt={}, approved_by=SECOND.actor
    )


def test_an_agreement_of_the_backup_destroys_nothing() -> None:
    request = approved()
    assert settle_open([], operator()) == [
        f"{request.video_id}: to be destroyed only when a second person agrees again"
    ]
    assert run_due() == 0
    assert Video.objects.get(pk=request.video_id).status == "ready"
    assert services.approve_purge(request_id=request.pk, by=ADMINISTRATOR).receipt


def test_what_was_refused_since_stays_refused() -> None:
    request = approved()
    services.refuse_purge(request_id=request.pk, by=ADMINISTRATOR)
    answered = answered_now()
    as_it_was(request)
    assert len(settle_open(answered, operator())) == 1
    request.refresh_from_db()
    assert (request.state, request.refused_by) == (states.REFUSED, ADMINISTRATOR.actor)
    assert run_due() == 0


def test_what_was_destroyed_since_is_destroyed_again() -> None:
    request = approved()
    other = make_playing()
    run_due()
    answered = answered_now()
    assert [one.video_id for one in answered if one.receipt] == [request.video_id]
    as_it_was(request)
    Video.objects.filter(pk=request.video_id).update(status="ready", deleted_at=None)
    assert settle_open(answered, operator()) == []
    assert destroy_again(answered) == ([f"{request.video_id} destroyed"], [])
    request.refresh_from_db()
    assert request.receipt == answered[0].receipt
    assert Video.objects.get(pk=request.video_id).status == "deleting"
    assert Video.objects.get(pk=other.pk).status == "ready"


def test_what_is_held_is_not_destroyed_again_and_told() -> None:
    video = make_playing()
    set_legal_hold(video_id=video.pk, is_held=True)
    gone = Answered("pur_x", video.pk, "staff:1", "2026-11-30T10:00:00Z", {"video_id": video.pk})
    done, failed = destroy_again([gone, Answered("pur_y", "vid_gone", "", "", {"a": 1})])
    assert done == []
    assert len(failed) == 1
    assert "legal hold" in failed[0]
    assert Video.objects.get(pk=video.pk).status == "ready"
