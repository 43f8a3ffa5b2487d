"""Reads of what a project uses, and of what it may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count

from videos.access.holdings import list_counted
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.limits import NAMES, Limits
from videos.access.models import ApiKey, Project
from videos.access.quotas import DELETING, MINUTE_MS, measure_use, processed_ms

PROCESSING = "processing"  # of videos, which lie above


def find_only_project_id() -> str | None:
    """Return the project where there is one alone; None where there is a choice."""
    some = list(Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS).values_list("pk", flat=True)[:2])
    return some[0] if len(some) == 1 else None


def get_use(*, project: Project) -> dict[str, Any]:
    """Return how much a project holds and has under way; what is being deleted still takes room.

    What it holds is the scheduler's last count, where it has many videos in a large house.
    """
    videos = Project.objects.filter(pk=project.pk).order_by()
    counted = list_counted(project_id=project.pk)
    if counted is None:
        count, use = videos.aggregate(n=Count("videos"))["n"], measure_use(videos)
    else:
        count = sum(one.videos for one in counted)
        stored = sum(one.stored_bytes for one in counted)
        deleting = sum(one.stored_bytes for one in counted if one.status == DELETING)
        use = measure_use(videos, stored=(stored, deleting))
    return {
        "videos": count,
        "stored_bytes": use.stored_bytes,
        "deleting_bytes": use.deleting_bytes,
        "uploading_bytes": use.uploading_bytes,
        "uploads": use.uploads,
        "processing": videos.filter(videos__status=PROCESSING).aggregate(n=Count("videos"))["n"],
        "minutes_this_month": round(processed_ms(project.pk) / MINUTE_MS, 3),
    }


def get_key_use(*, key: ApiKey) -> dict[str, Any]:
    """Return how much of its project's use is a key's: what came by it, and is coming."""
    use = measure_use(ApiKey.objects.filter(pk=key.pk))
    return {
        "stored_bytes": use.stored_bytes,
        "uploading_bytes": use.uploading_bytes,
        "uploads": use.uploads,
    }


def describe_limits(limits: Limits, names: Iterable[str] = NAMES) -> dict[str, int | None]:
    """Return limits as clients know them: a name, and null where there is none."""
    return {name.removeprefix("max_"): getattr(limits, name) for name in names}
