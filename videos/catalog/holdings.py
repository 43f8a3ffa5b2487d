"""Counts what projects hold, ahead of those who look: in a large house that costs more than a page may.

In a small house nothing is kept, and whoever asks counts the rows, as they are at that moment. Quotas always do.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db.models import Count, Sum
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.access.holdings import Held, list_counted
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Holding, Project
from videos.catalog.models import Video

LARGE = 100_000  # videos: what all of them together are counted anew up to
EVERY_S, SELDOM_S = 60.0, 600.0
AT_MOST = 100  # a count takes at most one of so many seconds


def list_held() -> list[Held]:
    """Return how many videos each project has of each status; in a large house as of some minutes ago. None of the house's own."""
    counted = list_counted()
    return count_held() if counted is None else counted


def count_held() -> list[Held]:
    """Return the same as it is now, from the rows."""
    # In the order of the index that is read for this alone; the house's own projects go afterwards.
    rows = Video.objects.order_by().values_list("project_id", "status")
    return [
        Held(project_id, status, count, held or 0)
        for project_id, status, count, held in rows.annotate(n=Count("*"), held=Sum("stored_bytes"))
        if project_id not in INTERNAL_PROJECT_IDS
    ]


def count_again(*, large: int = LARGE) -> int:
    """Keep a new count where there are more than `large` videos, and none where not; returns how many rows are kept."""
    if not Video.objects.order_by().values("pk")[large : large + 1].exists():
        Holding.objects.all().delete()
        return 0
    counted_at, held = timezone.now(), count_held()
    _replace([Holding(counted_at=counted_at, **_columns(one)) for one in held])
    return len(held)


def _columns(one: Held) -> dict[str, object]:
    return {
        "project_id": one.project_id,
        "status": one.status,
        "videos": one.videos,
        "stored_bytes": one.stored_bytes,
    }


@atomic
def _replace(rows: list[Holding]) -> None:
    Holding.objects.all().delete()
    # One that was deleted since it was counted is nobody's any more.
    there = set(Project.objects.filter(pk__in={one.project_id for one in rows}).values_list("pk", flat=True))
    Holding.objects.bulk_create(one for one in rows if one.project_id in there)


class CountingSchedule:
    """When the next count is due: each minute, more seldom where one takes long. One a scheduler."""

    def __init__(
        self, *, count: Callable[[], int] = count_again, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count, self._clock = count, clock
        self._due_at = 0.0

    def sweep(self) -> int:
        """Count where it is due; returns how many rows are kept, 0 where it is not."""
        began_at = self._clock()
        if began_at < self._due_at:
            return 0
        kept = self._count()
        took_s = self._clock() - began_at
        self._due_at = began_at + min(SELDOM_S, max(EVERY_S, AT_MOST * took_s))
        return kept
