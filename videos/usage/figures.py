"""Reads of the daily figures of a project, an API key or a creator: a fixed number of queries, however much was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import F, QuerySet, Sum

from gilfoyle.lib.replica import replica
from gilfoyle.lib.tracking_settings import TrackingSettings
from videos.catalog.models import Video
from videos.moderation.policy import CREATOR, PROJECT
from videos.usage.measures import BYTES_OUT, MINUTES, SHOWN, Measure
from videos.usage.models import DailyPlays, DailyUse
from videos.usage.played import read_played
from videos.usage.standing_out import LOOKED_BACK_DAYS, Outlier, judge_days


@dataclass(frozen=True, slots=True)
class Target:
    """Whose figures: `type` is project, api_key or creator."""

    project_id: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Series:
    """One measure by day: amounts, how often for which code, and which days stand out."""

    measure: Measure
    amounts: tuple[float, ...]
    codes: Mapping[str, int]
    outliers: tuple[Outlier | None, ...]

    @property
    def total(self) -> float:
        return sum(self.amounts)


@dataclass(frozen=True, slots=True)
class Figures:
    """All measures of a target, for each of the same days."""

    days: tuple[date, ...]
    series: tuple[Series, ...]


def floor_of(measure: Measure) -> float:
    """Return the least of a measure that may stand out on a day; 0: none does."""
    tracking: TrackingSettings = settings.GILFOYLE.safety.tracking
    return float(getattr(tracking, measure.name, 0))


def read_figures(target: Target, *, last: date, day_count: int) -> Figures:
    """Return the figures of the `day_count` days up to `last`, each day judged by the 28 before it. Two queries, or three."""
    first = last - timedelta(days=day_count + LOOKED_BACK_DAYS - 1)
    days = [first + timedelta(days=n) for n in range(day_count + LOOKED_BACK_DAYS)]
    shown = days[LOOKED_BACK_DAYS:]
    amounts: Counter[tuple[str, date]] = Counter()
    codes: dict[str, Counter[str]] = {one.name: Counter() for one in SHOWN}
    rows = DailyUse.objects.filter(
        project_id=target.project_id,
        target_type=target.type,
        target_id=target.id,
        day__gte=first,
        day__lte=last,
    ).order_by()
    for measure, code, day, amount in replica.rows(rows).values_list("measure", "code", "day", "amount"):
        amounts[measure, day] += amount
        if code and day >= shown[0] and measure in codes:
            codes[measure][code] += amount
    for day, watched_s, sent_bytes in _played_of(target, first, last):
        amounts[MINUTES.name, day] += round(watched_s / 60)
        amounts[BYTES_OUT.name, day] += sent_bytes
    return Figures(tuple(shown), tuple(_series(one, amounts, codes[one.name], days) for one in SHOWN))


def _series(
    measure: Measure, amounts: Mapping[tuple[str, date], int], codes: Counter[str], days: list[date]
) -> Series:
    times = settings.GILFOYLE.safety.tracking.times
    found = [float(amounts[measure.name, day]) for day in days]
    judged = judge_days(found, floor=floor_of(measure), times=times)
    return Series(
        measure,
        tuple(found[LOOKED_BACK_DAYS:]),
        dict(codes.most_common()),
        tuple(judged[LOOKED_BACK_DAYS:]),
    )


def _played_of(target: Target, first: date, last: date) -> Iterable[tuple[date, int, int]]:
    """Return by day how many seconds were watched and bytes sent."""
    if target.type == PROJECT:
        days = read_played(first=first, last=last, project_ids=[target.project_id])
        return [(one.day, one.watched_s, one.sent_bytes) for one in days]
    watched = replica.rows(_plays_of(target).filter(day__gte=first, day__lte=last).order_by())
    return watched.values_list("day").annotate(w=Sum("watched_s"), b=Sum("sent_bytes"))


def _plays_of(target: Target) -> QuerySet[DailyPlays]:
    """Return the plays of the videos that a key brought or a creator made and that are there."""
    rows = DailyPlays.objects.filter(project_id=target.project_id)
    videos = Video.objects.filter(project_id=target.project_id).order_by()
    if target.type == CREATOR:
        return rows.filter(video_id__in=videos.filter(creator_id=target.id).values("pk"))
    brought = videos.filter(uploads__api_key_id=target.id, source_upload_id=F("uploads__pk"))
    return rows.filter(video_id__in=brought.values("pk"))
