from datetime import date
from typing import Any

import pytest

from tests.factories import make_project, make_video
from videos.usage.models import DailyPlays, DailyUse
from videos.usage.selectors import Period
from videos.usage.totals import read_use

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def test_sums_are_of_the_period_and_of_projects_alone(django_assert_num_queries: Any) -> None:
    films, empty = make_project("Films"), make_project("Empty")
    make_video(project=films, stored_bytes=1000)
    for day, kind, amount in ((1, "project", 2), (30, "project", 3), (30, "creator", 50)):
        DailyUse.objects.create(
            project=films,
            target_type=kind,
            target_id="x",
            day=date(2026, 11, day),
            measure="uploads",
            amount=amount,
        )
    DailyUse.objects.create(
        project=films,
        target_type="project",
        target_id="x",
        day=date(2026, 12, 1),
        measure="uploads",
        amount=9,
    )
    DailyPlays.objects.create(
        project=films, video_id="v", day=date(2026, 11, 5), plays=4, watched_s=600, sent_bytes=77
    )
    with django_assert_num_queries(6):
        nothing, used = read_use(NOVEMBER)
    assert (nothing.project_id, nothing.videos, dict(nothing.sums)) == (empty.pk, 0, {})
    assert (used.videos, used.stored_bytes) == (1, 1000)
    assert dict(used.sums) == {"uploads": 5, "plays": 4, "minutes": 10, "bytes_out": 77}
    assert [one.project_id for one in read_use(NOVEMBER, project_ids=[empty.pk])] == [empty.pk]
