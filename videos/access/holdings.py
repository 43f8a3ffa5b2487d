"""What projects hold by the scheduler's last count. In a small house there is none, and whoever asks counts the rows.

The count is made by `videos.catalog.holdings`; it is some minutes old at most, or else nobody goes by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from videos.access.models import Holding

GOES_FOR = timedelta(minutes=30)  # then the scheduler is gone, or has been at it for long
COUNTED_ANEW = 10_000  # so many videos of one project are counted as they are, whatever the house holds


@dataclass(frozen=True, slots=True)
class Held:
    """How many videos of a status a project has, and their bytes."""

    project_id: str
    status: str
    videos: int
    stored_bytes: int


def is_counted(*, now: datetime | None = None) -> bool:
    """Tell whether there is a count to go by: only in a large house."""
    return Holding.objects.filter(counted_at__gte=(now or timezone.now()) - GOES_FOR).exists()


def list_counted(*, project_id: str = "") -> list[Held] | None:
    """Return the count of all projects, or of one; None where the rows are to be counted instead.

    That is so in a small house, where the count is too old, and of one project that has not many videos.
    """
    rows = Holding.objects.filter(counted_at__gte=timezone.now() - GOES_FOR)
    if project_id:
        rows = rows.filter(project=project_id)
    found = [Held(*row) for row in rows.values_list("project_id", "status", "videos", "stored_bytes")]
    if not found or (project_id and sum(one.videos for one in found) <= COUNTED_ANEW):
        return None
    return found
