"""A video was recognised as something banned: it is held at once, and a person decides. Nothing is deleted."""

from __future__ import annotations

from django.conf import settings

from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.moderation.holding import hold_of_house
from videos.moderation.models import MATCH, Decision, Report
from videos.moderation.policy import VIDEO, Kind
from videos.moderation.reasons import REASONS
from videos.moderation.reporting import Filing, file_report
from videos.moderation.reviewers import reviewer_of_house

EXPLANATION = "The video was recognised as something that was blocked before. A person will look at it."


@atomic
def hold_recognised(
    *, video_id: str, match_id: str, banned_video_id: str = "", is_held: bool = True
) -> Report | None:
    """Report a recognised video, and let nobody but reviewers watch it (unless a list only flags); once a match.

    The reason is the one for which the video was blocked that was recognised, where it was one of ours.
    """
    video = Video.objects.select_related("project").filter(pk=video_id).first()
    if video is None:
        return None
    reason, by = reason_of(banned_video_id), reviewer_of_house()
    report, is_new = file_report(
        project=video.project,
        filing=Filing(VIDEO, video.pk, reason, channel=MATCH, match_id=match_id),
        by=by,
    )
    if is_new and is_held and report.case_id is not None:
        hold_of_house(case_id=report.case_id, reason=reason, explanation=EXPLANATION, channel=MATCH)
    return report


def reason_of(banned_video_id: str) -> str:
    """Return why a video of ours was blocked; else what the settings say of things that are recognised."""
    blocks = Decision.objects.filter(
        target_type=VIDEO, target_id=banned_video_id, kind__in=(Kind.BLOCK, Kind.PURGE)
    )
    found = (
        blocks.order_by("-created_at").values_list("reason", flat=True).first() if banned_video_id else None
    )
    fallback = settings.GILFOYLE.safety.match_reason
    return found or (fallback if fallback in REASONS else "tos_other")
