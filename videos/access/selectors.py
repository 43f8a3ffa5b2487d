"""Reads of what a project uses."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum

from videos.access.models import Project


def get_use(*, project: Project) -> dict[str, Any]:
    """Return how much a project holds: `videos`, `stored_bytes`; what is being deleted still takes room."""
    # The aliases differ from the names of fields and relations, which would hide them from each other.
    use = Project.objects.filter(pk=project.pk).aggregate(
        video_count=Count("videos"), total_bytes=Sum("videos__stored_bytes")
    )
    return {"videos": use["video_count"], "stored_bytes": use["total_bytes"] or 0}
