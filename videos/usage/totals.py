"""What projects used in some days, and what they hold now: a fixed number of queries, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Sum

from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.catalog.models import Video
from videos.moderation.policy import PROJECT
from videos.usage.measures import BYTES_OUT, COUNTED, MINUTES
from videos.usage.models import DailyPlays, DailyUse
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
    held = Video.objects.filter(project__in=list(found)).order_by().values("project_id")
    for row in held.annotate(n=Count("pk"), held=Sum("stored_bytes")):
        found[row["project_id"]].videos, found[row["project_id"]].stored_bytes = row["n"], row["held"] or 0
    within = {"project__in": list(found), "day__gte": period.first, "day__lte": period.last}
    used = DailyUse.objects.filter(
        target_type=PROJECT, measure__in=[one.name for one in COUNTED], **within
    ).order_by()
    for row in used.values("project_id", "measure").annotate(n=Sum("amount")):
        found[row["project_id"]].sums[row["measure"]] += row["n"]
    played = DailyPlays.objects.filter(**within).order_by().values("project_id")
    for row in played.annotate(p=Sum("plays"), w=Sum("watched_s"), b=Sum("sent_bytes")):
        sums = found[row["project_id"]].sums
        sums[PLAYS], sums[MINUTES.name], sums[BYTES_OUT.name] = row["p"], round(row["w"] / 60), row["b"]
    return list(found.values())
