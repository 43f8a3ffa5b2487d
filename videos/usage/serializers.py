"""What is asked and told about use."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from videos.usage.selectors import Period

GROUPS = ("day", "video", "creator")
USUAL_DAYS, MOST_DAYS = 30, 3660
USUAL_ROWS, MOST_ROWS = 100, 1000


class PeriodSerializer(serializers.Serializer[Any]):
    """Which days."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python.
        words = "First day (UTC); left out: 29 days before the last.", "Last day (UTC); left out: today."
        days = {
            name: serializers.DateField(required=False, help_text=text)
            for name, text in zip(("from", "to"), words, strict=True)
        }
        return {**days, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        period = period_of(attrs)
        if period.first > period.last:
            raise serializers.ValidationError({"from": "must not be after `to`."})
        if (period.last - period.first).days >= MOST_DAYS:
            raise serializers.ValidationError({"from": f"must be less than {MOST_DAYS} days before `to`."})
        return attrs


def period_of(given: dict[str, Any]) -> Period:
    """Return the days that are asked for."""
    last: date = given.get("to") or timezone.now().date()
    usual = last - timedelta(days=min(USUAL_DAYS - 1, last.toordinal() - 1))
    return Period(given.get("from") or usual, last)


class UsageQuerySerializer(PeriodSerializer):
    group_by = serializers.ChoiceField(
        GROUPS, default="day", help_text="day: each day in order; video, creator: most played first."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_ROWS, default=USUAL_ROWS, help_text="Most rows of videos or creators."
    )


class WatchedSerializer(serializers.Serializer[Any]):
    plays = serializers.IntegerField(help_text="Viewings that went past the opening; each counts once.")
    minutes = serializers.FloatField(
        help_text="Minutes of video that players took; what one viewing takes twice counts once."
    )


class DayUsageSerializer(WatchedSerializer):
    day = serializers.DateField()


class UsageRowSerializer(WatchedSerializer):
    day = serializers.DateField(required=False, help_text="With `group_by=day`.")
    video_id = serializers.CharField(
        required=False, help_text="With `group_by=video`. Of a deleted video the id is left."
    )
    creator_id = serializers.CharField(
        required=False, help_text="With `group_by=creator`. Empty: of no creator, or the video was deleted."
    )
    stored_bytes = serializers.IntegerField(
        required=False, help_text="What is stored now; with `group_by=video` and `creator`."
    )


class StoredUseSerializer(serializers.Serializer[Any]):
    """As in `GET /account`."""

    videos = serializers.IntegerField()
    stored_bytes = serializers.IntegerField()
    minutes_this_month = serializers.FloatField(
        help_text="Minutes of video processed in this calendar month."
    )


class PeriodAnswerSerializer(serializers.Serializer[Any]):
    is_counted = serializers.BooleanField(help_text="false: counting is switched off (privacy.count_plays).")
    total = WatchedSerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        days = {name: serializers.DateField(help_text="Included.") for name in ("from", "to")}
        return {**days, **super().get_fields()}


USAGE_EXAMPLE = {
    "from": "2026-11-28",
    "to": "2026-11-29",
    "is_counted": True,
    "total": {"plays": 310, "minutes": 1204.5},
    "now": {"videos": 12, "stored_bytes": 1290003311, "minutes_this_month": 41.5},
    "rows": [
        {"day": "2026-11-28", "plays": 120, "minutes": 441.0},
        {"day": "2026-11-29", "plays": 190, "minutes": 763.5},
    ],
    "has_more": False,
}


@extend_schema_serializer(examples=[OpenApiExample("Two days", value=USAGE_EXAMPLE, response_only=True)])
class UsageSerializer(PeriodAnswerSerializer):
    now = StoredUseSerializer(help_text="What the project holds now.")
    rows = UsageRowSerializer(many=True)
    has_more = serializers.BooleanField(help_text="There are more videos or creators than `limit`.")


VIDEO_USAGE_EXAMPLE = {
    "from": "2026-11-28",
    "to": "2026-11-29",
    "is_counted": True,
    "total": {"plays": 14, "minutes": 52.25},
    "days": [
        {"day": "2026-11-28", "plays": 5, "minutes": 20.0},
        {"day": "2026-11-29", "plays": 9, "minutes": 32.25},
    ],
}


@extend_schema_serializer(
    examples=[OpenApiExample("Two days", value=VIDEO_USAGE_EXAMPLE, response_only=True)]
)
class VideoUsageSerializer(PeriodAnswerSerializer):
    days = DayUsageSerializer(many=True)
