from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError

from tests.factories import make_project
from videos.usage.models import DailyPlays, DailyUse


@pytest.mark.django_db
def test_a_video_has_one_row_a_day() -> None:
    project, day = make_project(), date(2026, 11, 29)
    row = DailyPlays.objects.create(project=project, video_id="vid_1", day=day)
    assert str(row) == "vid_1 on 2026-11-29"
    with pytest.raises(IntegrityError):
        DailyPlays.objects.create(project=project, video_id="vid_1", day=day)


def test_there_is_no_room_for_a_viewer() -> None:
    names = {field.name for field in DailyPlays._meta.get_fields()}
    assert names == {"id", "project", "video_id", "day", "plays", "watched_s", "sent_bytes"}


@pytest.mark.django_db
def test_a_figure_of_a_day_has_one_row() -> None:
    one = {"project": make_project(), "target_type": "creator", "target_id": "ann", "day": date(2026, 11, 29)}
    row = DailyUse.objects.create(**one, measure="uploads", amount=1)
    assert str(row) == "uploads of creator ann on 2026-11-29"
    with pytest.raises(IntegrityError):
        DailyUse.objects.create(**one, measure="uploads", amount=2)
