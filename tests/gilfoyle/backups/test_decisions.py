from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from gilfoyle.backups import decisions
from gilfoyle.backups.decisions import Kept, as_json, carry_over, restrictions_now, since
from tests.factories import make_video
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.management.telling import operator
from videos.moderation.by_hand import release_video, restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.models import Restriction
from videos.moderation.policy import Kind

pytestmark = pytest.mark.django_db


def test_what_was_taken_away_since_is_told() -> None:
    before = timezone.now()
    blocked, deleted = make_video(status="ready"), make_video(status="ready")
    restrict_video(video_id=blocked.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=operator())
    delete_video(video=deleted)
    told = as_json(since(before))
    assert [(one["what"], one["object_id"], one["reason"]) for one in told] == [
        ("block", blocked.pk, "hate"),
        ("video.deleted", deleted.pk, ""),
    ]
    assert since(timezone.now()) == []


def test_restrictions_are_carried_over_by_a_decision_and_never_loosened() -> None:
    until = timezone.now() + timedelta(days=3)
    held, free, stricter = (make_video(status="ready") for _ in range(3))
    for video, kind in ((held, Kind.HOLD), (free, Kind.RESTRICT), (stricter, Kind.BLOCK)):
        verdict = Verdict(kind, "copyright", explanation="A notice.", ends_at=until)
        restrict_video(video_id=video.pk, verdict=verdict, by=operator())
    kept = [*restrictions_now(), Kept("vid_gone", "blocked", "hate", {"ends_at": None})]
    assert [(one.video_id, one.level) for one in kept[:3]] == [
        (held.pk, "held"),
        (free.pk, "restricted"),
        (stricter.pk, "blocked"),
    ]
    release_video(video_id=free.pk, explanation="", by=operator())  # as a backup from before would have it
    assert [(one.video_id, why) for one, why in carry_over(kept)] == [(free.pk, "")]
    again = restrictions_now()[-1]
    assert (again.video_id, again.level, again.words["explanation"]) == (free.pk, "restricted", "A notice.")
    assert again.words["ends_at"] == kept[1].words["ends_at"]


def test_what_can_not_be_carried_over_is_told_by_why() -> None:
    video = make_video(status="ready")
    kept = Kept(video.pk, "blocked", "no_such_reason", {"ends_at": None})
    assert list(carry_over([kept])) == [(kept, "There is no such reason.")]


def test_a_legal_hold_is_carried_over_before_the_rest() -> None:
    video = make_video(status="ready")
    for kind in (Kind.BLOCK, Kind.LEGAL_HOLD):
        restrict_video(video_id=video.pk, verdict=Verdict(kind, "copyright"), by=operator())
    kept = restrictions_now()
    Restriction.objects.all().delete()
    Video.objects.update(restriction="none", legal_hold=False)
    assert [(one.level, why) for one, why in carry_over(kept)] == [("legal_hold", ""), ("blocked", "")]
    video.refresh_from_db()
    assert (video.legal_hold, video.restriction) == (True, "blocked")
    assert list(carry_over(kept)) == []


def test_one_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [Kept(make_video(status="ready").pk, "blocked", "hate", {"ends_at": None}) for _ in range(2)]

    def fail_once(**named: Any) -> None:
        if named["video_id"] == kept[0].video_id:
            raise DatabaseError("It is away.")

    monkeypatch.setattr(decisions, "restrict_video", fail_once)
    assert list(carry_over(kept)) == [(kept[0], "It is away."), (kept[1], "")]
