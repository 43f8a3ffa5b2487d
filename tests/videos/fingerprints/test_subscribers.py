import pytest

from gilfoyle.lib.events import publish
from tests.factories import make_video
from videos.audit.actors import Actor, acting_as
from videos.events import VideoRestricted
from videos.fingerprints.models import BlockedFingerprint

pytestmark = pytest.mark.django_db


def test_what_is_blocked_is_banned_and_what_is_released_no_more() -> None:
    video = make_video(status="ready", source=b"a film", restriction="blocked")
    with acting_as(Actor("staff", "7")):
        publish(VideoRestricted(video.pk))
    ban = BlockedFingerprint.objects.get()
    assert (ban.revoked_at, ban.project_id) == (None, "")
    video.restriction = "none"
    video.save()
    publish(VideoRestricted(video.pk))
    assert BlockedFingerprint.objects.get().revoked_at is not None


def test_what_a_consumer_blocks_is_banned_in_its_own_project_alone() -> None:
    video = make_video(status="ready", source=b"a film", restriction="blocked")
    with acting_as(Actor("api_key", "key_1")):
        publish(VideoRestricted(video.pk))
    assert BlockedFingerprint.objects.get().project_id == video.project_id
