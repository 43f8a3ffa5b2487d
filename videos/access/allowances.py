"""Allowances of videos a day, for who has earned no more: counted from the videos and uploads themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.access.models import ApiKey, Project, UploadAllowance
from videos.access.quotas import hold_project
from videos.errors import VideosLimited

DAY = timedelta(days=1)
WORDS = {"project": "This project", "api_key": "This API key", "creator": "This creator"}
RETRY_AFTER_S = 3600


@atomic
def set_upload_allowance(
    *, project_id: str, target_type: str, target_id: str, videos_a_day: int | None
) -> bool:
    """Let only so many videos a day be made, or any number again (None); False, and no change, where it is so already.

    The caller holds the project.
    """
    target: dict[str, Any] = {
        "project_id": project_id,
        "target_type": target_type,
        "target_id": target_id,
    }
    rows = UploadAllowance.objects.filter(**target)
    if videos_a_day is None:
        return bool(rows.delete()[0])
    if rows.filter(videos_a_day=videos_a_day).exists():
        return False
    UploadAllowance.objects.update_or_create(**target, defaults={"videos_a_day": videos_a_day})
    return True


def require_allowance(*, project_id: str, api_key_id: str = "", creator_id: str = "") -> None:
    """Refuse another video of who may make no more today. Call it inside the transaction that makes it.

    Raises: VideosLimited.
    """
    wanted = Q(target_type="project")
    if api_key_id:
        wanted |= Q(target_type="api_key", target_id=api_key_id)
    if creator_id:
        wanted |= Q(target_type="creator", target_id=creator_id)
    found = UploadAllowance.objects.filter(wanted, project_id=project_id).order_by("pk")
    if not found.exists():  # as for nearly everybody
        return
    # So that two at once are counted one after the other; and these rows change under the project's lock alone.
    hold_project(project_id)
    since = timezone.now() - DAY
    for one in found:
        used = _made_since(one, since)
        if used >= one.videos_a_day:
            message = (
                f"{WORDS[one.target_type]} may make {one.videos_a_day} videos in 24 hours at the moment."
            )
            refusal = VideosLimited(
                message,
                hint="Try again later, or ask the operator of this server.",
                of=one.target_type,
                limit=one.videos_a_day,
                used=used,
            )
            refusal.retry_after_s = RETRY_AFTER_S
            raise refusal


def _made_since(one: UploadAllowance, since: datetime) -> int:
    if one.target_type == "api_key":
        counted = Count("uploads", filter=Q(uploads__created_at__gt=since))
        return int(ApiKey.objects.filter(pk=one.target_id).aggregate(n=counted)["n"])
    made = Q(videos__created_at__gt=since)
    if one.target_type == "creator":
        made &= Q(videos__creator_id=one.target_id)
    return int(Project.objects.filter(pk=one.project_id).aggregate(n=Count("videos", filter=made))["n"])
