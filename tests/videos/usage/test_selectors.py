from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from tests.factories import make_project, make_video
from videos.access.models import Project
from videos.catalog.models import Video
from videos.usage import selectors
from videos.usage.models import DailyPlays
from videos.usage.selectors import Period, Watched, list_recent_plays
from videos.usage.services import Counter, Counts, add_plays

pytestmark = pytest.mark.django_db
FIRST, SECOND, THIRD = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 29)
PERIOD = Period(FIRST, SECOND)


class Known(NamedTuple):
    project: Project
    one: Video
    two: Video


@pytest.fixture
def known() -> Known:
    """A project with three videos of two creators, one of them deleted since; and another project."""
    project, other = make_project(), make_project()
    one, two = (make_video(project, creator_id=name, stored_bytes=7) for name in ("ann", "bob"))
    foreign = make_video(other, creator_id="ann")
    add_plays(
        {
            Counter(one.pk, FIRST, project.pk): Counts(1, 60),
            Counter(one.pk, SECOND, project.pk): Counts(2, 90),
            Counter(two.pk, SECOND, project.pk): Counts(5, 30),
            Counter("vid_gone", SECOND, project.pk): Counts(4, 10),
            Counter(two.pk, THIRD, project.pk): Counts(100, 1000),
            Counter(foreign.pk, SECOND, other.pk): Counts(50, 500),
        }
    )
    return Known(project, one, two)


def test_a_total_is_of_one_project_and_its_days(known) -> None:
    def total(project: Project, **of: str) -> Watched:
        return selectors.add_up(selectors.list_days(project=project, period=PERIOD, **of))

    assert total(known.project) == Watched(12, 190)
    assert total(known.project, video_id=known.one.pk).as_told() == {"plays": 3, "minutes": 2.5}
    assert total(make_project()) == Watched(0, 0)


def test_each_day_is_listed(known) -> None:
    days = selectors.list_days(project=known.project, period=Period(date(2026, 11, 26), SECOND))
    assert days == [
        (date(2026, 11, 26), Watched(0, 0)),
        (FIRST, Watched(1, 60)),
        (SECOND, Watched(11, 130)),
    ]
    days = selectors.list_days(project=known.project, period=PERIOD, video_id=known.two.pk)
    assert [watched.plays for _, watched in days] == [0, 5]


def test_most_played_videos_come_first(known) -> None:
    found = selectors.list_most_watched(project=known.project, period=PERIOD, limit=2)
    assert found == [(known.two.pk, Watched(5, 30)), ("vid_gone", Watched(4, 10))]


def test_creators_are_found_through_their_videos(known) -> None:
    found = selectors.list_creators(project=known.project, period=PERIOD, limit=9)
    assert found == [("bob", Watched(5, 30)), ("", Watched(4, 10)), ("ann", Watched(3, 150))]
    names = ["ann", "bob", ""]
    stored = selectors.stored_bytes_of(project=known.project, field="creator_id", values=names)
    assert stored == {"ann": 7, "bob": 7}


def test_recent_plays_are_those_of_today_and_yesterday() -> None:
    project = make_project()
    for video_id, day, plays in (("vid_a", 20, 3), ("vid_a", 19, 4), ("vid_a", 18, 9), ("vid_b", 18, 5)):
        DailyPlays.objects.create(project=project, video_id=video_id, day=date(2026, 11, day), plays=plays)
    assert list_recent_plays(["vid_a", "vid_b", "vid_c"], today=date(2026, 11, 20)) == {"vid_a": 7}
