import json

import pytest

from tests.videos.management.operating import run
from tests.videos.moderation.making import CONSUMER, make_playing
from videos.audit.models import AuditEntry
from videos.moderation import services
from videos.moderation.models import LiftRequest

pytestmark = pytest.mark.django_db


def restrict(video_id: str, level: str = "blocked", reason: str = "copyright") -> None:
    assert run("restrict", video_id, "--level", level, "--reason", reason)[0] == 0


def test_it_lets_a_video_be_played_again() -> None:
    video = make_playing()
    restrict(video.pk)
    code, printed = run("release", video.pk, "--note", "Withdrawn.")
    video.refresh_from_db()
    assert (code, video.restriction) == (0, "none")
    assert "is released" in printed
    assert run("release", video.pk) == (0, f"{video.pk} was not restricted.\n")


def test_a_try_tells_and_changes_nothing() -> None:
    video = make_playing()
    restrict(video.pk)
    before = AuditEntry.objects.count()
    told = json.loads(run("release", video.pk, "--dry-run", "--json")[1])
    assert (told["level"], len(told["lifted"]), told["is_dry_run"]) == ("none", 1, True)
    video.refresh_from_db()
    assert (video.restriction, AuditEntry.objects.count()) == ("blocked", before)


def test_what_takes_two_people_is_asked_for_and_the_exit_code_says_that_it_is_not_done() -> None:
    video = make_playing()
    restrict(video.pk, reason="court_order")
    code, printed = run("release", video.pk)
    video.refresh_from_db()
    assert (code, video.restriction) == (1, "blocked")
    assert "Another person must approve" in printed
    assert LiftRequest.objects.count() == 1


def test_what_its_owner_restricted_stays() -> None:
    video = make_playing()
    services.restrict_own(video=video, level="held", reason="spam", note="", by=CONSUMER)
    code, printed = run("release", video.pk)
    assert code == 1
    assert "its owner restricted it" in printed
