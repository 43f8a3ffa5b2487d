from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_project
from videos.usage.models import DailyPlays, PlayedDay
from videos.usage.played import Played, add_up_days, read_played
from videos.usage.services import Counter, Counts, add_plays, forget_old_plays

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 25), date(2026, 11, 29)
DAYS = [FIRST + timedelta(days=n) for n in range(5)]


def played() -> list[Played]:
    return sorted(read_played(first=FIRST, last=LAST), key=lambda one: (one.day, one.project_id))


def add_all() -> None:
    while add_up_days(now=NOW):
        pass


def make_plays() -> list[str]:
    projects = sorted(make_project().pk for _ in range(2))
    for number, day in enumerate(DAYS):
        if number == 1:  # nobody looked
            continue
        for video in ("a", "b"):
            add_plays({Counter(f"{video}{projects[0]}", day, projects[0]): Counts(number + 1, 10, 100)})
        add_plays({Counter("c", day, projects[1]): Counts(7, 1, 1)})
    PlayedDay.objects.all().delete()
    return projects


def test_days_that_are_over_are_added_up_and_told_as_before() -> None:
    one, other = make_plays()
    before = played()
    assert Played(one, FIRST, 2, 20, 200) in before
    assert len(before) == 8
    assert add_up_days(now=NOW) == 2, "a day at a time"
    assert played() == before
    add_all()
    assert set(PlayedDay.objects.values_list("day", flat=True)) == {DAYS[0], DAYS[2]}
    assert played() == before
    of_one = list(read_played(first=DAYS[2], last=DAYS[3], project_ids=[other]))
    assert [(one.day, one.plays) for one in of_one] == [(DAYS[2], 7), (DAYS[3], 7)]
    assert list(read_played(first=FIRST, last=FIRST, project_ids=[])) == []


def test_of_days_that_are_over_no_row_of_a_video_is_read() -> None:
    make_plays()
    add_all()
    with CaptureQueriesContext(connection) as captured:
        assert len(list(read_played(first=FIRST, last=DAYS[2]))) == 4
    assert not [one for one in captured if DailyPlays._meta.db_table in one["sql"]]


def test_what_is_written_late_is_added_up_again() -> None:
    one, _ = make_plays()
    add_all()
    add_plays({Counter("late", DAYS[1], one): Counts(100, 1, 1)})
    assert set(PlayedDay.objects.values_list("day", flat=True)) == {DAYS[0]}
    before = played()
    assert Played(one, DAYS[1], 100, 1, 1) in before
    add_all()
    assert played() == before


def test_plays_of_today_take_no_sums_away() -> None:
    one, _ = make_plays()
    add_all()
    add_plays({Counter("now", timezone.now().date(), one): Counts(1, 1, 1)})
    assert PlayedDay.objects.count() == 4


def test_sums_go_with_the_days_that_are_too_old() -> None:
    make_plays()
    add_all()
    forget_old_plays(retention_days=3, now=NOW)
    assert min(PlayedDay.objects.values_list("day", flat=True)) == DAYS[2]
