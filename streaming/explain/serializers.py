"""Questions to the gate and its reasons as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.origin_field import OriginField
from gilfoyle.lib.strict_input import StrictSerializer
from streaming.addresses import MASTER_NAME
from streaming.explain.asking import Question
from streaming.explain.trace import Trace
from streaming.tokens.claims import MAX_TOKEN_LENGTH

MAX_ADDRESS_LENGTH = 2_000


@extend_schema_serializer(
    examples=[
        OpenApiExample("The video alone", value={}, request_only=True),
        OpenApiExample(
            "A page of another site",
            value={"token": "gf1.eyJ2Ijoi.c2lnbmF0dXJl", "origin": "https://app.example.com"},
            request_only=True,
        ),
    ]
)
class ExplainInputSerializer(StrictSerializer):
    """What is asked for. Without a token and an address: what the video's own state allows."""

    token = serializers.CharField(required=False, max_length=MAX_TOKEN_LENGTH, help_text="A playback token.")
    file = serializers.CharField(
        required=False,
        max_length=100,
        help_text=f"As it stands at the end of an address, such as `v720/00001.m4s`. Default: `{MASTER_NAME}`.",
    )
    address = serializers.CharField(
        required=False,
        max_length=MAX_ADDRESS_LENGTH,
        help_text="A whole playback address, in place of `token` and `file`.",
    )
    origin = OriginField(
        required=False, max_length=300, help_text="The site whose page asks. Default: none, as an app."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "address" in attrs and ("token" in attrs or "file" in attrs):
            message = "An address names its token and file itself."
            raise serializers.ValidationError({"address": [message]})
        return attrs

    def question(self, project_id: str, video_id: str) -> Question:
        """Return what was sent, about this video."""
        return Question(project_id=project_id, video_id=video_id, **self.validated_data)


class AccessCheckSerializer(serializers.Serializer[Any]):
    """One check of the gate."""

    check = serializers.CharField(source="name", help_text="Its name, which stays.")
    holds = serializers.CharField(help_text="What must hold.")
    outcome = serializers.ChoiceField(choices=("passed", "failed", "not_checked"))
    found = serializers.CharField(help_text="What was found; empty where there is nothing to say.")


EXAMPLE = {
    "allowed": False,
    "code": "video_restricted",
    "status": 403,
    "steps": [
        {
            "check": "restriction",
            "holds": "The video is not restricted",
            "outcome": "failed",
            "found": "Restriction: held.",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("Held for review", value=EXAMPLE, response_only=True)])
class TraceSerializer(serializers.Serializer[Trace]):
    """The decision as of now, and all checks that it stands on, in their order."""

    allowed = serializers.BooleanField(source="is_allowed")
    code = serializers.CharField(
        source="refusal.code",
        default=None,
        allow_null=True,
        help_text="What a viewer is answered; null: yes.",
    )
    status = serializers.IntegerField(
        source="refusal.http_status", default=200, help_text="With which status."
    )
    steps = AccessCheckSerializer(many=True)
