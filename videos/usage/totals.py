"""What projects used in some days, and what they hold now: a fixed number of queries, however many there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Sum

from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.catalog.holdings import list_held
from videos.moderation.policy import PROJECT
from videos.usage.measures import BYTES_OUT, COUNTED, MINUTES
from videos.usage.models import DailyUse
from videos.usage.played import read_played
from videos.usage.selectors import Period

PLAYS = "plays"


@dataclass(slots=True)
class ProjectUse:
    """One project: what it holds now, and each measure's sum within the period."""

    project_id: str
    name: str
    videos: int = 0
    stored_bytes: int = 0
    sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def read_use(period: Period, *, project_ids: Sequence[str] = ()) -> list[ProjectUse]:
    """Return the use of all projects, or of some, by name."""
    projects = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS).order_by("name", "pk")
    if project_ids:
        projects = projects.filter(pk__in=project_ids)
    found = {pk: ProjectUse(pk, name) for pk, name in projects.values_list("pk", "name")}
    for held in list_held():
        if held.project_id in found:
            found[held.project_id].videos += held.videos
            found[held.project_id].stored_bytes += held.stored_bytes
    within = {"project__in": list(found), "day__gte": period.first, "day__lte": period.last}
    used = DailyUse.objects.filter(
        target_type=PROJECT, measure__in=[one.name for one in COUNTED], **within
    ).order_by()
    for row in used.values("project_id", "measure").annotate(n=Sum("amount")):
        found[row["project_id"]].sums[row["measure"]] += row["n"]
    watched_s: Counter[str] = Counter()
    for one in read_played(first=period.first, last=period.last, project_ids=list(found)):
        sums = found[one.project_id].sums
        sums[PLAYS] += one.plays
        sums[BYTES_OUT.name] += one.sent_bytes
        watched_s[one.project_id] += one.watched_s
    for project_id, seconds in watched_s.items():
        found[project_id].sums[MINUTES.name] = round(seconds / 60)
    return list(found.values())
