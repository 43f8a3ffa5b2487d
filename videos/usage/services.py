"""Writes of what is counted by day: what processes have noted is added, what is too old is removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.usage.models import DailyPlays, DailyUse, PlayedDay
from videos.usage.played import OVER_AFTER, take_back


@dataclass(frozen=True, slots=True, order=True)
class Counter:
    """Which row is added to."""

    video_id: str
    day: date
    project_id: str


@dataclass(slots=True)
class Counts:
    """What is added."""

    plays: int = 0
    watched_s: int = 0
    sent_bytes: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Figure:
    """Which row of `DailyUse` is added to."""

    project_id: str
    target_type: str
    target_id: str
    day: date
    measure: str
    code: str = ""


@atomic
def add_plays(counts: Mapping[Counter, Counts]) -> None:
    """Add to the daily rows, which are made where there are none; all or nothing.

    Raises: DatabaseError.
    """
    # In one order, so that two processes that add to the same rows wait for each other and never in a circle.
    rows = [
        (counter.project_id, counter.video_id, counter.day, added.plays, added.watched_s, added.sent_bytes)
        for counter, added in sorted(counts.items(), key=lambda item: item[0])
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_upsert(), rows)
    first = min((counter.day for counter in counts), default=None)
    if first is not None and first <= timezone.now().astimezone(UTC).date() - OVER_AFTER:
        take_back(day=first)


def _upsert() -> str:
    """Return the one statement that both makes and adds: the ORM can only make or replace.

    PostgreSQL, CockroachDB and SQLite read it alike.
    """
    table = connection.ops.quote_name(DailyPlays._meta.db_table)  # noqa: SLF001 - Django's documented door
    return (
        f"INSERT INTO {table} (project_id, video_id, day, plays, watched_s, sent_bytes) VALUES (%s, %s, %s, %s, %s, %s) "  # noqa: S608 - the table's name is ours
        f"ON CONFLICT (video_id, day) DO UPDATE SET plays = {table}.plays + excluded.plays, "
        f"watched_s = {table}.watched_s + excluded.watched_s, sent_bytes = {table}.sent_bytes + excluded.sent_bytes"
    )


@atomic
def add_amounts(amounts: Mapping[Figure, int]) -> None:
    """Add to the daily rows of projects, keys and creators, which are made where there are none; all or nothing.

    Raises: DatabaseError.
    """
    rows = [
        (one.project_id, one.target_type, one.target_id, one.day, one.measure, one.code, amount)
        for one, amount in sorted(amounts.items())  # in one order, as above
    ]
    table = connection.ops.quote_name(DailyUse._meta.db_table)  # noqa: SLF001 - Django's documented door
    names = "project_id, target_type, target_id, day, measure, code"
    statement = (
        f"INSERT INTO {table} ({names}, amount) VALUES (%s, %s, %s, %s, %s, %s, %s) "  # noqa: S608 - the names are ours
        f"ON CONFLICT ({names}) DO UPDATE SET amount = {table}.amount + excluded.amount"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def forget_old_use(*, retention_days: int, now: datetime | None = None) -> int:
    """Remove the rows of projects, keys and creators that are past their retention (0: none ever is); returns how many."""
    if not retention_days:
        return 0
    last = (now or timezone.now()).date() - timedelta(days=retention_days)
    old = DailyUse.objects.filter(day__lt=last)
    return old.delete()[0] if old.exists() else 0


def forget_old_plays(*, retention_days: int, now: datetime | None = None) -> int:
    """Remove the rows of days that are past their retention (0: none ever is); returns how many."""
    if not retention_days:
        return 0
    last = (now or timezone.now()).date() - timedelta(days=retention_days)
    PlayedDay.objects.filter(day__lt=last).delete()
    old = DailyPlays.objects.filter(day__lt=last)
    return old.delete()[0] if old.exists() else 0
