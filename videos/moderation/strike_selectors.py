"""Reads of strikes: what somebody has against them, and where it has led."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from videos.moderation.automation_models import Standing
from videos.moderation.models import Strike
from videos.moderation.strikes import GOOD

SHOWN = 100


def standing_with_strikes(*, project_id: str, target_type: str, target_id: str) -> dict[str, Any]:
    """Return the standing of a creator, key or project with its latest strikes; who has none stands well."""
    target = {"project_id": project_id, "target_type": target_type, "target_id": target_id}
    standing = Standing.objects.filter(**target).first()
    now = timezone.now()
    found = Strike.objects.filter(**target).select_related("decision").order_by("-created_at", "-id")
    return {
        "target_type": target_type,
        "target_id": target_id,
        "level": standing.level if standing is not None else GOOD,
        "points": standing.points if standing is not None else 0,
        "next_expiry_at": standing.next_expiry_at if standing is not None else None,
        "strikes": [
            {
                "id": one.pk,
                "decision_id": one.decision_id,
                "decision": one.decision,
                "weight": one.weight,
                "is_counted": one.cancelled_at is None and one.expires_at > now,
                "created_at": one.created_at,
                "expires_at": one.expires_at,
                "cancelled_at": one.cancelled_at,
            }
            for one in found[:SHOWN]
        ],
    }
