"""New videos of those who had too many restricted lately: held until somebody has looked at them."""

from __future__ import annotations

from django.db.models import Q

from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.moderation.automation_models import Standing
from videos.moderation.holding import hold_of_house
from videos.moderation.models import RULE, Decision
from videos.moderation.policy import API_KEY, CREATOR, PROJECT, VIDEO
from videos.moderation.reporting import Filing, file_report
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.strikes import reviews_first
from videos.moderation.striking import key_of_video

REASON = "tos_other"  # nobody has seen anything wrong with it
EXPLANATION = "Videos of this uploader were restricted lately: a person looks at new ones before they play."


@atomic
def review_first(*, video_id: str) -> Decision | None:
    """Hold a video that has come, where its creator, key or project has earned that; else None."""
    video = Video.objects.select_related("project").filter(pk=video_id).first()
    if video is None:
        return None
    behind = Q(target_type=PROJECT)
    if video.creator_id:
        behind |= Q(target_type=CREATOR, target_id=video.creator_id)
    if key_id := key_of_video(video):
        behind |= Q(target_type=API_KEY, target_id=key_id)
    found = Standing.objects.filter(behind, project_id=video.project_id).order_by("pk")
    standing = next((one for one in found if reviews_first(one.level)), None)
    if standing is None:
        return None
    comment = f"Review first: its {standing.get_target_type_display().lower()} has {standing.points} points of strikes."
    filing = Filing(VIDEO, video.pk, REASON, comment=comment, channel=RULE)
    report, _ = file_report(project=video.project, filing=filing, by=reviewer_of_house())
    if report.case_id is None:
        return None
    return hold_of_house(case_id=report.case_id, reason=REASON, explanation=EXPLANATION, channel=RULE)
