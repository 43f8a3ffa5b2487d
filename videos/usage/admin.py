"""The figures of projects, keys and creators in the admin, and what stands out. Rows of `DailyUse` have no pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from gilfoyle.lib.admin import HouseAdmin, NextStep
from gilfoyle.lib.transactions import atomic
from videos.audit.services import record
from videos.moderation.policy import API_KEY, CREATOR
from videos.usage.figures import Target
from videos.usage.models import DailyUse
from videos.usage.today import StandingOut, list_standing_out
from videos.usage.tracking_page import (
    describe_cut,
    describe_standing_out,
    describe_target,
    find_target,
    list_floors,
    read_period,
)

VIEW_KEYS = "videos.view_apikey"


@admin.register(DailyUse)
class DailyUseAdmin(HouseAdmin):
    """Two pages: what stands out, and all of one project, key or creator."""

    empty_title = "Nothing stands out"
    empty_words = "A project, key or creator of whom there is far more than on their usual days shows here."
    empty_next = NextStep("There is nothing to do.")

    def get_urls(self) -> list[URLPattern]:
        def address(route: str, view: Any, name: str) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(view)
            made: URLPattern = path(route, wrapped, name=f"videos_dailyuse_{name}")
            return made

        return [
            address("", self.changelist_view, "changelist"),
            address("of/", self.subject_view, "subject"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Answer what stands out today, and what did yesterday; that somebody was shown creators is recorded."""
        del extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_see_keys, today = bool(request.user.has_perm(VIEW_KEYS)), timezone.now().date()
        # Yesterday, too: what happened shortly before midnight would else be seen by nobody.
        days = [("Today, so far", today), ("Yesterday", today - timedelta(days=1))]
        judged = [(words, list_standing_out(today=day, may_see_keys=may_see_keys)) for words, day in days]
        _note_list([one for _, day in judged for one in day.found])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "empty": self,
            "title": "Standing out",
            "days": [
                (words, describe_standing_out(day.found), describe_cut(day.cut)) for words, day in judged
            ],
            "times": f"{settings.GILFOYLE.safety.tracking.times:g}",
            "floors": list_floors(),
        }
        return TemplateResponse(request, "videos/admin/standing_out.html", context)

    def subject_view(self, request: HttpRequest) -> HttpResponse:
        """Answer the figures of one project, key or creator; that somebody looked at a creator's is recorded."""
        may_see_keys = bool(request.user.has_perm(VIEW_KEYS))
        if not self.has_view_permission(request):
            raise PermissionDenied
        target = find_target(request.GET)
        if target.type == API_KEY and not may_see_keys:
            raise PermissionDenied
        described = describe_target(
            target,
            day_count=read_period(request.GET),
            now=timezone.now(),
            asked=request.GET,
            may_see_keys=may_see_keys,
        )
        if target.type == CREATOR:
            _note_view(target)
        context = {
            **self.admin_site.each_context(request),
            **described,
            "opts": self.opts,
            "title": f"{described['type']}: {described['name']}",
        }
        return TemplateResponse(request, "videos/admin/tracking.html", context)


@atomic
def _note_view(target: Target) -> None:
    """Record that somebody of the staff looked at what a person does, before it is shown."""
    record(
        "creator.viewed",
        object_type="creator",
        object_id="",
        project_id=target.project_id,
        personal=target.id,
    )


@atomic
def _note_list(shown: Sequence[StandingOut]) -> None:
    """Record that somebody of the staff is shown what people do, and how many; a list without any leaves nothing."""
    creators = {one.target for one in shown if one.target.type == CREATOR}
    if creators:
        record("creator.listed", object_type="creator", object_id="", data={"creators": len(creators)})
