"""Reads of plays and watched minutes: by day, video or creator. There is nothing to read by viewer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from gilfoyle.lib.replica import replica
from videos.access.models import Project
from videos.catalog.models import Video
from videos.usage.models import DailyPlays
from videos.usage.played import read_played

SUMS = {"plays": Sum("plays"), "watched_s": Sum("watched_s")}


@dataclass(frozen=True, slots=True)
class Period:
    """Days (UTC), both ends included."""

    first: date
    last: date

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Watched:
    """A sum."""

    plays: int
    watched_s: int

    @property
    def minutes(self) -> float:
        return round(self.watched_s / 60, 2)

    def as_told(self) -> dict[str, Any]:
        """Return it as clients are told."""
        return {"plays": self.plays, "minutes": self.minutes}


def _within(rows: QuerySet[DailyPlays], period: Period) -> QuerySet[DailyPlays]:
    return replica.rows(rows.filter(day__gte=period.first, day__lte=period.last).order_by())


def _of(project: Project, video_id: str | None) -> QuerySet[DailyPlays]:
    rows = DailyPlays.objects.filter(project=project)
    return rows if video_id is None else rows.filter(video_id=video_id)


def add_up(days: Iterable[tuple[date, Watched]]) -> Watched:
    """Return the sum of days."""
    watched = [one for _, one in days]
    return Watched(sum(one.plays for one in watched), sum(one.watched_s for one in watched))


def list_days(*, project: Project, period: Period, video_id: str | None = None) -> list[tuple[date, Watched]]:
    """Return each day of the period, those without a play too."""
    if video_id is None:
        played = read_played(first=period.first, last=period.last, project_ids=[project.pk])
        found = {one.day: Watched(one.plays, one.watched_s) for one in played}
    else:
        days = _within(_of(project, video_id), period).values("day")
        summed = days.annotate(p=SUMS["plays"], w=SUMS["watched_s"])
        found = {row["day"]: Watched(row["p"], row["w"]) for row in summed}
    return [(day, found.get(day, Watched(0, 0))) for day in period.days()]


def list_most_watched(*, project: Project, period: Period, limit: int) -> list[tuple[str, Watched]]:
    """Return the videos of a project with plays, most played first; deleted ones too, by their ids."""
    rows = _within(_of(project, None), period).values("video_id")
    summed = rows.annotate(p=SUMS["plays"], w=SUMS["watched_s"]).order_by("-p", "-w", "video_id")
    return [(row["video_id"], Watched(row["p"], row["w"])) for row in summed[:limit]]


def list_creators(*, project: Project, period: Period, limit: int) -> list[tuple[str, Watched]]:
    """Return the creators of a project whose videos were watched, most played first; "" for none and for deleted videos."""
    creator = Video.objects.filter(pk=OuterRef("video_id")).values("creator_id")[:1]
    rows = _within(_of(project, None), period).annotate(creator=Coalesce(Subquery(creator), Value("")))
    summed = rows.values("creator").annotate(p=SUMS["plays"], w=SUMS["watched_s"])
    return [
        (row["creator"], Watched(row["p"], row["w"]))
        for row in summed.order_by("-p", "-w", "creator")[:limit]
    ]


def stored_bytes_of(*, project: Project, field: str, values: list[str]) -> dict[str, int]:
    """Return what is stored of videos (`field` pk) or of creators (`creator_id`)."""
    rows = Video.objects.filter(project=project, **{f"{field}__in": values}).order_by()
    return {row[field]: row["n"] for row in rows.values(field).annotate(n=Sum("stored_bytes"))}


def list_recent_plays(video_ids: Collection[str], *, today: date | None = None) -> dict[str, int]:
    """Return how often videos were played today and yesterday (UTC); who was not is left out."""
    since = (today or timezone.now().astimezone(UTC).date()) - timedelta(days=1)
    lately = DailyPlays.objects.filter(video_id__in=video_ids, day__gte=since).order_by()
    return dict(lately.values_list("video_id").annotate(n=Sum("plays")))
