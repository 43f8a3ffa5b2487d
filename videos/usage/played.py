"""What was played of whole projects by day: days that are over are added up once, and only the latest from the rows of their videos.

Whatever is written late, of a day that was added up, takes the sums of it and of all later days away: they are made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.utils import timezone

from gilfoyle.lib.replica import replica
from gilfoyle.lib.transactions import atomic
from videos.usage.models import DailyPlays, PlayedDay

OVER_AFTER = timedelta(
    days=2
)  # processes write what they have noted within seconds; a database may be away for hours
COLUMNS = ("plays", "watched_s", "sent_bytes")


@dataclass(frozen=True, slots=True)
class Played:
    """The sums of a project on a day (UTC)."""

    project_id: str
    day: date
    plays: int
    watched_s: int
    sent_bytes: int


def read_played(*, first: date, last: date, project_ids: Collection[str] | None = None) -> Iterator[Played]:
    """Yield the days of a period with plays, of some projects or of all; both ends included."""
    through = replica.rows(PlayedDay.objects.order_by()).aggregate(at=Max("day"))["at"]
    within: dict[str, Any] = {} if project_ids is None else {"project__in": list(project_ids)}
    if through is not None and through >= first:
        over = PlayedDay.objects.filter(day__gte=first, day__lte=min(through, last), **within)
        for row in replica.rows(over.order_by()).values_list("project_id", "day", *COLUMNS):
            yield Played(*row)
        first = through + timedelta(days=1)
    if first <= last:
        rows = DailyPlays.objects.filter(day__gte=first, day__lte=last, **within)
        for row in _added_up(replica.rows(rows.order_by())):
            yield Played(*row)


def _added_up(rows: QuerySet[DailyPlays]) -> QuerySet[DailyPlays, tuple[Any, ...]]:
    sums = {f"of_{name}": Sum(name) for name in COLUMNS}
    return rows.values_list("project_id", "day").annotate(**sums)


def add_up_days(*, now: datetime | None = None) -> int:
    """Add up the next day that is over; returns how many projects had plays on it."""
    last = (now or timezone.now()).astimezone(UTC).date() - OVER_AFTER
    rows = DailyPlays.objects.filter(day__lte=last)
    through = PlayedDay.objects.order_by().aggregate(at=Max("day"))["at"]
    if through is not None:
        rows = rows.filter(day__gt=through)
    day = rows.order_by("day").values_list("day", flat=True).first()
    return 0 if day is None else _add_up(day)


@atomic
def _add_up(day: date) -> int:
    sums = [
        PlayedDay(**dict(zip(("project_id", "day", *COLUMNS), row, strict=True)))
        for row in _added_up(DailyPlays.objects.filter(day=day).order_by())
    ]
    return len(PlayedDay.objects.bulk_create(sums))


def take_back(*, day: date) -> None:
    """Take the sums of a day to which plays were added, and of all later ones, away. Call it in the transaction that adds them."""
    PlayedDay.objects.filter(day__gte=day).delete()
