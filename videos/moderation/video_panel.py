"""What a video's own page shows of moderation: its restrictions, its open case, and the way to restrict it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from gilfoyle.lib.admin import HouseAdmin, Led, page_of
from gilfoyle.lib.admin_words import when
from videos.access.tracking_link import tracking_address
from videos.catalog.models import Video
from videos.moderation import selectors, states
from videos.moderation.by_hand import open_by_hand
from videos.moderation.case_parts import list_history, reason_label
from videos.moderation.models import Case
from videos.moderation.policy import CREATOR, KINDS, VIDEO, Kind, Power
from videos.moderation.reviewers import reviewer_of_user

SHOWN = 10


class WithModeration(HouseAdmin):
    """Gives videos a button that leads to the case in which they are restricted, and a panel of what restricts them."""

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/review/",
            self.admin_site.admin_view(self.review_view),
            name="videos_video_review",
        )
        return [address, *super().get_urls()]

    def review_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the open case of a video; open one where there is none."""
        return self.press_button(request, object_id, lambda video: _to_case(request, video))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        is_review = (
            request.resolver_match is not None and request.resolver_match.url_name == "videos_video_review"
        )
        return _may_review(request) if is_review else super().has_operate_permission(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        video = kwargs.get("obj")
        if isinstance(video, Video):
            context["moderation"] = describe_moderation(video, request)
        return super().render_change_form(request, context, *args, **kwargs)


def _may_review(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(f"videos.{Power.REVIEW.value}"))


def _to_case(request: HttpRequest, video: Video) -> Led:
    case = _open_case(video)
    if case is not None:
        return Led("This is its case.", page_of("videos_case_change", case.pk))
    case = open_by_hand(video_id=video.pk, by=reviewer_of_user(request.user))
    return Led("A case is open: decide it here.", page_of("videos_case_change", case.pk))


def _open_case(video: Video) -> Case | None:
    cases = Case.objects.filter(project_id=video.project_id, subject_type=VIDEO, subject_id=video.pk)
    return cases.filter(state__in=states.UNDECIDED).first()


def describe_moderation(video: Video, request: HttpRequest) -> dict[str, Any] | None:
    """Return what restricts a video, and what was decided about it; None for those who may not look at cases."""
    if not request.user.has_perm("videos.view_case"):
        return None
    case = _open_case(video)
    is_hidden = (
        case is not None
        and case.is_extreme
        and not request.user.has_perm(f"videos.{Power.SEE_EXTREME.value}")
    )
    active = selectors.active_restrictions(project_id=video.project_id, target_type=VIDEO, target_id=video.pk)
    return {
        "case_address": page_of("videos_case_change", case.pk) if case is not None and not is_hidden else "",
        "case": case,
        "review_address": page_of("videos_video_review", video.pk)
        if _may_review(request) and video.status != "deleting"
        else "",
        "restrictions": [
            {
                "label": KINDS[Kind(one.kind)].label,
                "reason": reason_label(one.decision.reason),
                "by": "the consumer" if one.is_consumers else "the operator",
                "since": when(one.starts_at),
                "ends": when(one.ends_at) if one.ends_at else "",
            }
            for one in active
        ],
        "history": list_history(video)[:SHOWN],
        "creator": video.creator_id,
        "tracking_address": tracking_address(
            project_id=video.project_id, target_type=CREATOR, target_id=video.creator_id
        ),
    }
