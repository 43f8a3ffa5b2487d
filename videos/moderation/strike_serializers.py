"""What a consumer is told of strikes against its creators, its keys and itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from videos.moderation.reasons import CODES
from videos.moderation.strikes import LEVELS

STRIKES_EXAMPLE = {
    "target_type": "creator",
    "target_id": "user-1423",
    "level": "review_first",
    "points": 2,
    "next_expiry_at": "2027-02-18T12:00:00Z",
    "strikes": [
        {
            "id": "stk_7bQf5KsD9wJv3TxL0m",
            "decision_id": "dec_7bQf5KsD9wJv3TxL0m",
            "video_id": "vid_7bQf5KsD9wJv3TxL0m",
            "reason": "hate",
            "weight": 2,
            "is_counted": True,
            "created_at": "2026-11-20T12:00:00Z",
            "expires_at": "2027-02-18T12:00:00Z",
            "cancelled_at": None,
        }
    ],
}


class StrikeSerializer(serializers.Serializer[Any]):
    """One strike, of one decision."""

    id = serializers.CharField()
    decision_id = serializers.CharField(help_text="Appeal against it to get rid of the strike.")
    video_id = serializers.CharField(source="decision.target_id")
    reason = serializers.ChoiceField(choices=CODES, source="decision.reason")
    weight = serializers.IntegerField(
        help_text="Points; of several strikes for one video the highest counts."
    )
    is_counted = serializers.BooleanField(help_text="Neither over nor cancelled.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(
    examples=[OpenApiExample("Reviewed first", value=STRIKES_EXAMPLE, response_only=True)]
)
class StandingSerializer(serializers.Serializer[Any]):
    """Where strikes have led somebody, and the strikes themselves, the latest 100."""

    target_type = serializers.ChoiceField(choices=["creator", "api_key", "project"])
    target_id = serializers.CharField()
    level = serializers.ChoiceField(
        choices=LEVELS,
        help_text="`review_first`: new videos are held; `limited`: and few a day are taken; `frozen`: none is.",
    )
    points = serializers.IntegerField()
    next_expiry_at = serializers.DateTimeField(allow_null=True)
    strikes = StrikeSerializer(many=True)
