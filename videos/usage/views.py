"""`/usage` and `/videos/{id}/usage`: parse, read, answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from videos.access.authentication import project_of
from videos.access.models import Project
from videos.access.permissions import HasScope
from videos.access.selectors import get_use
from videos.catalog.selectors import get_video
from videos.usage import selectors
from videos.usage.selectors import Period, Watched
from videos.usage.serializers import (
    GROUPS,
    MOST_ROWS,
    USUAL_ROWS,
    PeriodSerializer,
    UsageQuerySerializer,
    UsageSerializer,
    VideoUsageSerializer,
    period_of,
)

PERIOD = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day (UTC); usually 29 days before `to`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day (UTC); usually today."),
]
COUNTED = (
    "Counted by the random number in each playback token, and by nothing of the viewer: no address, no user agent, no "
    "cookie. A play is a viewing that went past the first seconds; reloading the page under the same token is no "
    "further one. Numbers are some seconds behind."
)


class Usage(APIView):
    permission_classes = [HasScope.of("videos:read")]

    @extend_schema(
        operation_id="get_usage",
        summary="Plays and minutes by day, video or creator; stored bytes and minutes processed",
        description=f"{COUNTED} What is stored `now` is some minutes old where there are very many videos.",
        parameters=[
            *PERIOD,
            OpenApiParameter("group_by", OpenApiTypes.STR, enum=GROUPS, default="day"),
            OpenApiParameter(
                "limit", OpenApiTypes.INT, default=USUAL_ROWS, description=f"1 to {MOST_ROWS} rows."
            ),
        ],
        responses=UsageSerializer,
        tags=["usage"],
    )
    def get(self, request: Request) -> Response:
        given = UsageQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        project, period = project_of(request), period_of(given.validated_data)
        limit, group_by = given.validated_data["limit"], given.validated_data["group_by"]
        days = selectors.list_days(project=project, period=period)
        is_by_day = group_by == "day"
        rows = (
            [_row("day", *day) for day in days]
            if is_by_day
            else list_rows(project, period, group_by, limit + 1)
        )
        is_cut = not is_by_day and len(rows) > limit
        body = {
            **_period(period, selectors.add_up(days)),
            "now": get_use(project=project),
            "rows": rows[:limit] if is_cut else rows,
            "has_more": is_cut,
        }
        return Response(UsageSerializer(body).data)


class VideoUsage(APIView):
    permission_classes = [HasScope.of("videos:read")]

    @extend_schema(
        operation_id="get_video_usage",
        summary="Plays and minutes of a video, by day",
        description=COUNTED,
        parameters=PERIOD,
        responses=VideoUsageSerializer,
        tags=["usage"],
    )
    def get(self, request: Request, video_id: str) -> Response:
        video = get_video(project=project_of(request), video_id=video_id)
        given = PeriodSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        project, period = project_of(request), period_of(given.validated_data)
        days = selectors.list_days(project=project, period=period, video_id=video.pk)
        body = {**_period(period, selectors.add_up(days)), "days": [_row("day", *day) for day in days]}
        return Response(VideoUsageSerializer(body).data)


def _period(period: Period, total: Watched) -> dict[str, Any]:
    is_counted = settings.GILFOYLE.privacy.count_plays
    return {"from": period.first, "to": period.last, "is_counted": is_counted, "total": total.as_told()}


def list_rows(project: Project, period: Period, group_by: str, limit: int) -> list[dict[str, Any]]:
    """Return the rows of an answer by video or creator."""
    read = selectors.list_creators if group_by == "creator" else selectors.list_most_watched
    found = read(project=project, period=period, limit=limit)
    field = "creator_id" if group_by == "creator" else "pk"
    stored = selectors.stored_bytes_of(project=project, field=field, values=[name for name, _ in found])
    return [
        {**_row(f"{group_by}_id", name, watched), "stored_bytes": stored.get(name, 0)}
        for name, watched in found
    ]


def _row(name: str, value: str | date, watched: Watched) -> dict[str, Any]:
    return {name: value, **watched.as_told()}
