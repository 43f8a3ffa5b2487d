from datetime import timedelta

import pytest
from django.utils import timezone

from tests.videos.moderation.making import REVIEWER, make_case, make_playing
from videos.moderation import services
from videos.moderation.models import Strike
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict
from videos.moderation.strike_selectors import standing_with_strikes

pytestmark = pytest.mark.django_db


def test_who_has_none_stands_well_and_old_ones_are_shown_as_not_counted() -> None:
    video = make_playing(creator_id="mallory")
    target = {"project_id": video.project_id, "target_type": "creator", "target_id": "mallory"}
    assert standing_with_strikes(**target)["level"] == "good"
    services.decide(case_id=make_case(video).pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    assert [one["is_counted"] for one in standing_with_strikes(**target)["strikes"]] == [True]
    Strike.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert [one["is_counted"] for one in standing_with_strikes(**target)["strikes"]] == [False]
