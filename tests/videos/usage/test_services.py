from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest

from tests.factories import make_project
from tests.threads import run_at_once
from videos.usage.models import DailyPlays, DailyUse
from videos.usage.services import (
    Counter,
    Counts,
    Figure,
    add_amounts,
    add_plays,
    forget_old_plays,
    forget_old_use,
)

DAY = date(2026, 11, 29)


@pytest.mark.django_db
def test_counts_are_added_and_rows_made() -> None:
    project = make_project()
    one, other = (Counter(video, DAY, project.pk) for video in ("vid_1", "vid_2"))
    add_plays({one: Counts(1, 60, 900)})
    add_plays({one: Counts(2, 30, 100), other: Counts(0, 8)})
    add_plays({})
    rows = DailyPlays.objects.order_by("video_id").values_list("video_id", "plays", "watched_s", "sent_bytes")
    assert list(rows) == [("vid_1", 3, 90, 1000), ("vid_2", 0, 8, 0)]


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "left"), [(30, 2), (0, 3), (1, 1)])
def test_days_past_their_retention_are_removed(days: int, left: int) -> None:
    project = make_project()
    for day in (date(2026, 10, 29), date(2026, 10, 30), DAY):
        add_plays({Counter("vid_1", day, project.pk): Counts(1, 1)})
    forget_old_plays(retention_days=days, now=datetime(2026, 11, 29, 23, 59, tzinfo=UTC))
    assert DailyPlays.objects.count() == left


@pytest.mark.django_db(transaction=True)
def test_processes_that_add_at_once_lose_nothing() -> None:
    project = make_project()
    counters = [Counter(f"vid_{number}", DAY, project.pk) for number in range(20)]

    def add(*, backwards: bool) -> None:
        order = counters[::-1] if backwards else counters
        for _ in range(5):
            add_plays({counter: Counts(1, 2) for counter in order})

    outcomes = run_at_once([partial(add, backwards=bool(n % 2)) for n in range(6)])
    assert outcomes == [None] * 6
    assert {(row.plays, row.watched_s) for row in DailyPlays.objects.all()} == {(30, 60)}


@pytest.mark.django_db
def test_amounts_are_added_and_old_ones_go() -> None:
    project = make_project()
    old, new = (
        Figure(project.pk, "creator", "ann", day, "refused", "not_found") for day in (date(2026, 10, 29), DAY)
    )
    add_amounts({new: 2, old: 1})
    add_amounts({new: 40, Figure(project.pk, "creator", "ann", DAY, "refused", "uploads_frozen"): 1})
    add_amounts({})
    rows = DailyUse.objects.order_by("day", "code").values_list("day", "code", "amount")
    assert list(rows) == [
        (old.day, "not_found", 1),
        (DAY, "not_found", 42),
        (DAY, "uploads_frozen", 1),
    ]
    now = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)
    assert forget_old_use(retention_days=0, now=now) == 0
    assert forget_old_use(retention_days=31, now=now) == 0
    assert forget_old_use(retention_days=30, now=now) == 1
