"""Reads of what a project uses."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum

from videos.access.models import Project


def get_use(*, project: Project) -> dict[str, Any]:
    """Return how much a project holds: `videos`, `stored_bytes`; what is being deleted still takes room."""
    use = Project.objects.filter(pk=project.pk).aggregate(
        videos=Count("videos"), stored_bytes=Sum("videos__stored_bytes")
    )
    return {"videos": use["videos"], "stored_bytes": use["stored_bytes"] or 0}
