"""Who stands out today, of all projects, keys and creators: in a fixed number of queries, the largest of each kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import F, Sum, Window
from django.db.models.functions import RowNumber

from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import ApiKey, Project
from videos.moderation.policy import API_KEY, CREATOR, PROJECT
from videos.usage.figures import Target, floor_of
from videos.usage.measures import BY_NAME, BYTES_OUT, COUNTED, MINUTES, Measure
from videos.usage.models import DailyUse
from videos.usage.played import read_played
from videos.usage.standing_out import LOOKED_BACK_DAYS, Outlier, judge_day

# So many of each type are judged by each measure; that there are more, the page says.
MOST_OF_EACH = 300
ROWS_AT_ONCE = 2000
Key = tuple[Target, str]
Cut = tuple[str, Measure]  # a type, and by what measure more of it than that had reached the floor
# What is played: its column, and how much of that is one. Of projects alone, for keys and creators would have to be joined.
PLAYED = ((MINUTES, "watched_s", 60), (BYTES_OUT, "sent_bytes", 1))


@dataclass(frozen=True, slots=True)
class StandingOut:
    """One measure of one target that stands out today."""

    target: Target
    name: str
    project: str
    measure: Measure
    outlier: Outlier


@dataclass(frozen=True, slots=True)
class Judged:
    """What stands out on a day, the most so first, and of what only the largest were judged."""

    found: list[StandingOut]
    cut: list[Cut]


def list_standing_out(*, today: date, may_see_keys: bool) -> Judged:
    """Return what stands out today. A query for each measure, and seven more."""
    found, cut = _of_today(today, [PROJECT, CREATOR, *([API_KEY] if may_see_keys else [])])
    before = _of_weeks(found, today)
    times = settings.GILFOYLE.safety.tracking.times
    outliers: list[tuple[Target, Measure, Outlier]] = []
    for (target, name), amount in found.items():
        measure = BY_NAME[name]
        outlier = judge_day(float(amount), before[target, name], floor=floor_of(measure), times=times)
        if outlier is not None:
            outliers.append((target, measure, outlier))
    outliers.sort(key=lambda one: how_far(one[1], one[2]), reverse=True)
    return Judged(list(_named(outliers)), cut)


def how_far(measure: Measure, outlier: Outlier) -> float:
    """Return how far something stands out: as many times the usual day, or where that is less than it, the floor."""
    return outlier.amount / max(outlier.usual, floor_of(measure), 1)


def _of_today(today: date, types: Collection[str]) -> tuple[dict[Key, int], list[Cut]]:
    """Return the amounts of today that reach their floors, and where only the largest of them are."""
    found: dict[Key, int] = {}
    cut: list[Cut] = []
    # Of each type by itself: many creators with much must not push out a project or a key with less.
    place = Window(
        RowNumber(), partition_by="target_type", order_by=(F("n").desc(), "target_id", "project_id")
    )
    for measure in (one for one in COUNTED if floor_of(one)):
        rows = (
            DailyUse.objects.filter(day=today, measure=measure.name, target_type__in=types)
            .order_by()
            .values_list("project_id", "target_type", "target_id")
            .annotate(n=Sum("amount"))
            .filter(n__gte=int(floor_of(measure)))
            .annotate(place=place)
            .filter(place__lte=MOST_OF_EACH + 1)
        )
        for project_id, target_type, target_id, amount, its_place in rows:
            if its_place > MOST_OF_EACH:
                cut.append((target_type, measure))
            else:
                found[Target(project_id, target_type, target_id), measure.name] = amount
    measured = [one for one in PLAYED if floor_of(one[0])]
    played = list(read_played(first=today, last=today)) if measured else []
    for measure, column, unit in measured:
        amounts = [
            (getattr(one, column), one.project_id)
            for one in played
            if one.project_id not in INTERNAL_PROJECT_IDS
        ]
        reached = sorted((one for one in amounts if one[0] >= int(unit * floor_of(measure))), reverse=True)
        for amount, project_id in reached[:MOST_OF_EACH]:
            found[Target(project_id, PROJECT, project_id), measure.name] = amount // unit
        if len(reached) > MOST_OF_EACH:
            cut.append((PROJECT, measure))
    return found, cut


def _of_weeks(found: Collection[Key], today: date) -> dict[Key, list[float]]:
    """Return what the same targets had on each of the days before, the latest last."""
    first = today - timedelta(days=LOOKED_BACK_DAYS)
    before = {key: [0.0] * LOOKED_BACK_DAYS for key in found}
    rows = (
        DailyUse.objects.filter(
            day__gte=first,
            day__lt=today,
            project_id__in={target.project_id for target, _ in found},
            target_type__in={target.type for target, _ in found},
            target_id__in={target.id for target, _ in found},
            measure__in={name for _, name in found},
        )
        .order_by()
        .values_list("project_id", "target_type", "target_id", "measure", "day")
        .annotate(n=Sum("amount"))
    )
    for project_id, target_type, target_id, name, day, amount in rows.iterator(chunk_size=ROWS_AT_ONCE):
        days = before.get((Target(project_id, target_type, target_id), name))
        if days is not None:  # else found for another measure, or of another project
            days[(day - first).days] += float(amount)
    columns_played = {measure.name: (column, unit) for measure, column, unit in PLAYED}
    played = {target.project_id for target, name in found if name in columns_played}
    weeks = read_played(first=first, last=today - timedelta(days=1), project_ids=played) if played else ()
    for one in weeks:
        target = Target(one.project_id, PROJECT, one.project_id)
        for name, (column, unit) in columns_played.items():
            if (target, name) in before:
                before[target, name][(one.day - first).days] += getattr(one, column) // unit
    return before


def _named(outliers: list[tuple[Target, Measure, Outlier]]) -> Iterator[StandingOut]:
    projects = Project.objects.in_bulk({target.project_id for target, _, _ in outliers})
    keys = ApiKey.objects.in_bulk({target.id for target, _, _ in outliers if target.type == API_KEY})
    for target, measure, outlier in outliers:
        project = str(projects.get(target.project_id, target.project_id))
        names = {PROJECT: project, API_KEY: str(keys.get(target.id, target.id))}
        yield StandingOut(target, names.get(target.type, target.id), project, measure, outlier)
