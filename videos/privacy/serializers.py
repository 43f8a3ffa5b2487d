"""The erasure of a creator as JSON, in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer
from videos.privacy.creators import LONGEST
from videos.privacy.traces import MOST_OWN

RECEIPT_EXAMPLE = {
    "format": "gilfoyle-erasure",
    "v": 1,
    "project_id": "prj_7sKd2LmT9cXw4RbY1z",
    "pseudonym": "erased_dca163d7c914f40f421ecac43fc8d88e",
    "at": "2026-11-20T12:00:00+00:00",
    "counts": {"renamed": 3, "reports_by": 1, "videos": 1},
    "deleted": ["vid_3kTmvU1qQx0aZpLr7e"],
    "held": [],
    "entry": 4711,
    "is_dry_run": False,
    "named_in": [{"table": "videos.Video", "column": "title", "id": "vid_9vKq2LmT7cXw4RbY1z"}],
    "named_in_has_more": False,
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Erase", value={"confirm": "user-17"}, request_only=True),
        OpenApiExample("What would be erased?", value={"dry_run": True}, request_only=True),
    ]
)
class ErasureInputSerializer(StrictSerializer):
    """That it is meant."""

    confirm = serializers.CharField(
        required=False,
        max_length=LONGEST,
        trim_whitespace=False,
        help_text="The creator's id once more. Not needed with `dry_run`.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Change nothing; only tell.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["dry_run"] and attrs.get("confirm") != self.context["creator_id"]:
            message = "Must be the creator's id once more: what is erased can't be brought back."
            raise serializers.ValidationError({"confirm": [message]})
        return attrs


class NamedInSerializer(serializers.Serializer[Any]):
    """A text of yours in which the id occurs still."""

    table = serializers.CharField()
    column = serializers.CharField()
    id = serializers.CharField(help_text="Of the row: of a video where the table is `videos.Video`.")


@extend_schema_serializer(examples=[OpenApiExample("Erased", value=RECEIPT_EXAMPLE, response_only=True)])
class ErasureSerializer(serializers.Serializer[Any]):
    """The receipt of an erasure."""

    format = serializers.CharField()
    v = serializers.IntegerField()
    project_id = serializers.CharField()
    pseudonym = serializers.CharField(
        help_text="What stands for the person from now on, where a row must stay."
    )
    at = serializers.DateTimeField()
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Rows, by what was done to them."
    )
    deleted = serializers.ListField(child=serializers.CharField(), help_text="Ids of videos.")
    held = serializers.ListField(
        child=serializers.CharField(),
        help_text="Ids of videos under a legal hold, which stay: ask again later.",
    )
    entry = serializers.IntegerField(help_text="The audit's entry that says the same; 0 with `dry_run`.")
    is_dry_run = serializers.BooleanField()
    named_in = NamedInSerializer(
        many=True,
        help_text=(
            "Your other videos, chapters and text tracks that name the person: yours to change. "
            f"Up to {MOST_OWN} of a column."
        ),
    )
    named_in_has_more = serializers.BooleanField(
        help_text="Whether there are more of a column: change these, and send the same once more, under a new key."
    )
