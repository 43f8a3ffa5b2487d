from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_project, make_video
from videos.access.holdings import Held
from videos.access.models import Holding
from videos.catalog.canary import ensure_canary
from videos.catalog.holdings import EVERY_S, SELDOM_S, CountingSchedule, count_again, count_held, list_held

pytestmark = pytest.mark.django_db


def test_of_a_small_house_nothing_is_kept_and_each_video_counts_at_once() -> None:
    project = make_project()
    make_video(project, status="ready", stored_bytes=5)
    assert count_again(large=1) == 0
    make_video(project, status="ready", stored_bytes=6)
    assert list_held() == [Held(project.pk, "ready", 2, 11)]


def test_a_large_house_goes_by_the_last_count_until_that_is_too_old() -> None:
    ensure_canary(root_secret=b"x" * 32)  # the house's own
    project = make_project()
    for status in ("ready", "ready", "failed"):
        make_video(project, status=status, stored_bytes=5)
    assert count_again(large=2) == 2
    kept = sorted(list_held(), key=lambda one: one.status)
    assert kept == [Held(project.pk, "failed", 1, 5), Held(project.pk, "ready", 2, 10)]
    make_video(project, status="failed")
    assert sorted(list_held(), key=lambda one: one.status) == kept
    count_again(large=2)
    assert Held(project.pk, "failed", 2, 5) in list_held()
    Holding.objects.update(counted_at=timezone.now() - timedelta(hours=1))
    make_video(project, status="failed")
    assert list_held() == count_held()
    assert count_again(large=100) == 0
    assert not Holding.objects.exists()


@pytest.mark.parametrize(("takes_s", "pause_s"), [(0.1, EVERY_S), (2.0, 200.0), (60.0, SELDOM_S)])
def test_it_is_counted_each_minute_and_more_seldom_where_that_takes_long(
    takes_s: float, pause_s: float
) -> None:
    times = iter([1000.0, 1000.0 + takes_s, 1000.0 + pause_s - 0.01, 1000.0 + pause_s, 2000.0])
    schedule = CountingSchedule(count=lambda: 7, clock=lambda: next(times))
    assert [schedule.sweep() for _ in range(3)] == [7, 0, 7]
