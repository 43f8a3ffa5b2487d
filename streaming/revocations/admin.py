"""The button that ends all playback of a video or a project, for the pages that the roof composes."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.admin import PageAction
from streaming.revocations.services import Wanted, revoke
from streaming.tokens.services import token_limits

END_PLAYBACK = PageAction("end_playback", "End all playback now", "stop_circle", "danger")


def end_playback(*, project_id: str, kind: str, subject: str) -> str:
    """End all tokens of a video or project that were issued until now, and say so."""
    now = timezone.now()
    wanted = Wanted(kind, subject, int(now.timestamp()) + 1)
    revoke(
        project_id=project_id,
        wanted=wanted,
        limits=token_limits(settings.GILFOYLE.playback),
        now=now,
        by="admin",
    )
    return "All playback ends within a second. New playback tokens work."
