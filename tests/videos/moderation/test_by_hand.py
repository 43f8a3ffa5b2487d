import pytest

from gilfoyle.lib.errors import InvalidInput
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, REVIEWER, make_case, make_playing
from videos.audit.models import AuditEntry
from videos.errors import VideoNotFound
from videos.moderation import services
from videos.moderation.by_hand import release_video, restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.errors import CaseTaken, PowerMissing
from videos.moderation.models import Case, LiftRequest
from videos.moderation.policy import Kind, Reviewer

pytestmark = pytest.mark.django_db
BLOCK = Verdict(Kind.BLOCK, "copyright", explanation="Notice of 12 May.")


def test_a_video_nobody_reported_gets_a_case_of_its_own() -> None:
    video = make_playing()
    decision = restrict_video(video_id=video.pk, verdict=BLOCK, by=REVIEWER)
    video.refresh_from_db()
    case = Case.objects.get()
    assert (video.restriction, case.state, decision.case_id) == ("blocked", "closed", case.pk)
    assert case.reasons == ["copyright"]
    verbs = AuditEntry.objects.order_by("id").values_list("verb", flat=True)
    assert set(verbs) >= {"case.opened", "restriction.began", "case.decided"}


def test_an_open_case_is_what_is_decided() -> None:
    video = make_playing()
    case = make_case(video)
    hold = Verdict(Kind.HOLD, "hate")
    assert restrict_video(video_id=video.pk, verdict=hold, by=REVIEWER).case_id == case.pk
    case.refresh_from_db()
    assert (case.state, case.is_held) == ("open", True)  # a hold waits for more


def test_who_may_not_and_what_is_wrong_leaves_nothing() -> None:
    video = make_playing()
    with pytest.raises(PowerMissing):
        restrict_video(video_id=video.pk, verdict=BLOCK, by=Reviewer("staff:9"))
    with pytest.raises(InvalidInput):
        restrict_video(video_id=video.pk, verdict=Verdict(Kind.BLOCK, "because"), by=REVIEWER)
    for unknown in ("vid_0000000000000000000", "' OR 1=1", "", "\0"):
        with pytest.raises(VideoNotFound):
            restrict_video(video_id=unknown, verdict=BLOCK, by=REVIEWER)
    assert not Case.objects.exists()
    assert not AuditEntry.objects.exclude(verb="project.created").exists()


def test_a_case_that_somebody_looks_at_is_theirs() -> None:
    video = make_playing()
    services.claim_case(case_id=make_case(video).pk, by=ADMINISTRATOR)
    with pytest.raises(CaseTaken):
        restrict_video(video_id=video.pk, verdict=BLOCK, by=REVIEWER)


def test_release_takes_all_back_that_one_person_may() -> None:
    video = make_playing()
    made = restrict_video(video_id=video.pk, verdict=BLOCK, by=REVIEWER)
    restrict_video(video_id=video.pk, verdict=Verdict(Kind.RESTRICT, "spam"), by=REVIEWER)
    released = release_video(video_id=video.pk, explanation="Withdrawn.", by=ADMINISTRATOR)
    video.refresh_from_db()
    assert video.restriction == "none"
    assert released.is_whole
    assert {one.supersedes_id for one in released.lifted} > {made.pk}
    assert release_video(video_id=video.pk, explanation="", by=ADMINISTRATOR).lifted == ()


def test_release_leaves_what_takes_two_people_and_what_its_owner_restricted() -> None:
    video = make_playing()
    severe = restrict_video(video_id=video.pk, verdict=Verdict(Kind.BLOCK, "court_order"), by=ADMINISTRATOR)
    services.restrict_own(video=video, level="held", reason="spam", note="", by=CONSUMER)
    first = release_video(video_id=video.pk, explanation="", by=ADMINISTRATOR)
    again = release_video(video_id=video.pk, explanation="", by=ADMINISTRATOR)
    video.refresh_from_db()
    assert video.restriction == "blocked"
    assert not first.is_whole
    assert [one.decision_id for one in first.waiting] == [severe.pk]
    assert [one.is_consumers for one in first.kept] == [True]
    assert [one.pk for one in again.waiting] == [one.pk for one in first.waiting]
    assert LiftRequest.objects.count() == 1


def test_release_without_the_power_to_changes_nothing() -> None:
    video = make_playing()
    restrict_video(video_id=video.pk, verdict=BLOCK, by=REVIEWER)
    with pytest.raises(PowerMissing):
        release_video(video_id=video.pk, explanation="", by=Reviewer("staff:9"))
    video.refresh_from_db()
    assert video.restriction == "blocked"
