"""Destructions of videos that a restore brings back as they once were: asked for, agreed to, refused or done since.

Nothing of a video is destroyed because of an agreement as old as a backup: people agree again. What was destroyed by two
people stays so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.transactions import atomic
from videos.audit.chain import in_words
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.moderation.models import PurgeRequest
from videos.moderation.policy import Reviewer
from videos.moderation.states import APPROVED, REFUSED, REQUESTED
from videos.moderation.trail import leave_of_case


@dataclass(frozen=True, slots=True)
class Answered:
    """A request to destroy a video that was refused, or was carried out (it has a receipt then)."""

    request_id: str
    video_id: str
    by: str
    at: str
    receipt: dict[str, Any]


def answered_now() -> list[Answered]:
    """Return what the present database holds of requests that were refused or carried out."""
    rows = PurgeRequest.objects.exclude(state=REQUESTED).exclude(state=APPROVED, receipt={})
    return [
        Answered(
            one.pk,
            one.video_id,
            one.refused_by if one.state == REFUSED else one.approved_by,
            in_words(one.answered_at or one.requested_at),
            dict(one.receipt),
        )
        for one in rows.order_by("requested_at")
    ]


@atomic
def settle_open(answered: list[Answered], by: Reviewer) -> list[str]:
    """Bring each restored request that was open to what became of it since, else back to waiting; returns it in words."""
    known, told = {one.request_id: one for one in answered}, []
    for request in PurgeRequest.objects.filter(state__in=(REQUESTED, APPROVED)).select_related("case"):
        if request.receipt:  # its keys were destroyed before the backup was taken
            continue
        found = known.get(request.pk)
        if found is None:
            if request.state == REQUESTED:
                continue
            request.state, request.approved_by, request.answered_at = REQUESTED, "", None
            told.append(f"{request.video_id}: to be destroyed only when a second person agrees again")
        elif found.receipt:
            request.state, request.approved_by, request.receipt = APPROVED, found.by, found.receipt
            request.answered_at = datetime.fromisoformat(found.at)
        else:
            request.state, request.refused_by = REFUSED, found.by
            request.answered_at = datetime.fromisoformat(found.at)
            leave_of_case("purge.refused", request.case, by=by, request_id=request.pk)
            told.append(f"{request.video_id}: not to be destroyed, as was decided since")
        request.save(update_fields=["state", "approved_by", "refused_by", "answered_at", "receipt"])
    return told


def destroy_again(answered: list[Answered]) -> tuple[list[str], list[str]]:
    """Delete restored videos that two people had destroyed; returns which, and which not for what reason."""
    done, failed = [], []
    for video_id in sorted({one.video_id for one in answered if one.receipt}):
        video = Video.objects.filter(pk=video_id).first()
        if video is None:
            continue
        try:
            delete_video(video=video)
        except GilfoyleError as error:
            failed.append(f"{video_id} destroyed: {error.message}")
        except DatabaseError as error:
            failed.append(f"{video_id} destroyed: {error}")
        else:
            done.append(f"{video_id} destroyed")
    return done, failed
