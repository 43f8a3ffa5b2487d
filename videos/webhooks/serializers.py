"""Webhook endpoints and deliveries as JSON, in and out."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer
from videos.webhooks import states
from videos.webhooks.endpoints import DEFAULT_OVERLAP_S, LONGEST_OVERLAP_S
from videos.webhooks.event_types import CHOICES, EVENT_TYPES
from videos.webhooks.models import MAX_DESCRIPTION, URL_LENGTH, Delivery, DeliveryAttempt, WebhookEndpoint

_ENDPOINT, _DELIVERY = "whe_8sKd2LmQ7cXw4RbY1z", "msg_5oPpG2RrUeW1zKq0Ab"
ENDPOINT_EXAMPLE = {
    "id": _ENDPOINT,
    "url": "https://example.com/webhooks",
    "description": "The shop's backend",
    "event_types": ["video.playable", "video.failed", "case.decided"],
    "is_enabled": True,
    "disabled_reason": "",
    "failing_since": None,
    "created_at": "2026-11-20T09:00:00Z",
}
WHSEC_EXAMPLE = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
ATTEMPT_EXAMPLE = {
    "number": 1,
    "started_at": "2026-11-20T09:02:11Z",
    "duration_ms": 112,
    "response_status": 500,
    "response_body": "Internal Server Error",
    "error": "endpoint_refused",
    "message": "The receiver answered 500.",
}
DELIVERY_EXAMPLE = {
    "id": _DELIVERY,
    "event_type": "video.deleted",
    "status": "waiting",
    "tries": 1,
    "next_try_at": "2026-11-20T09:02:16Z",
    "created_at": "2026-11-20T09:02:11Z",
    "finished_at": None,
    "body": {
        "type": "video.deleted",
        "timestamp": "2026-11-20T09:02:11Z",
        "data": {"video": {"id": "vid_3kTmvU1qQx0aZpLr7e"}},
    },
    "attempts": [ATTEMPT_EXAMPLE],
}


def _event_types_field() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.ListField(
        child=serializers.ChoiceField(
            choices=CHOICES,
            error_messages={
                "invalid_choice": f'There is no event "{{input}}". Events are {", ".join(CHOICES)}.'
            },
        ),
        required=False,
        max_length=len(CHOICES),
        help_text="Which events; empty: all, also those that there will be one day.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Some events",
            value={
                "url": "https://example.com/webhooks",
                "event_types": ["video.playable", "video.failed", "case.decided"],
            },
            request_only=True,
        )
    ]
)
class EndpointInputSerializer(StrictSerializer):
    """Where to send what."""

    url = serializers.CharField(
        max_length=URL_LENGTH,
        help_text="`https://…`, of a public server unless the operator allows others.",
    )
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_DESCRIPTION, help_text="For people."
    )
    event_types = _event_types_field()


@extend_schema_serializer(
    examples=[OpenApiExample("Not for now", value={"is_enabled": False}, request_only=True)]
)
class EndpointChangeSerializer(EndpointInputSerializer):
    """What is to change."""

    url = serializers.CharField(required=False, max_length=URL_LENGTH)
    is_enabled = serializers.BooleanField(
        required=False,
        help_text="False: nothing is sent, and what waits is given up. True: events from now on are sent.",
    )


@extend_schema_serializer(examples=[OpenApiExample("At once", value={"overlap_s": 0}, request_only=True)])
class RotationInputSerializer(StrictSerializer):
    """For how long the old secret holds beside the new one."""

    overlap_s = serializers.IntegerField(
        required=False, min_value=0, max_value=LONGEST_OVERLAP_S, default=DEFAULT_OVERLAP_S
    )


@extend_schema_serializer(
    examples=[OpenApiExample("After an outage", value={"since": "2026-11-20T09:00:00Z"}, request_only=True)]
)
class ReplayInputSerializer(StrictSerializer):
    """Since when."""

    since = serializers.DateTimeField(help_text="Deliveries that were born before stay as they are.")


@extend_schema_serializer(
    examples=[OpenApiExample("An endpoint", value=ENDPOINT_EXAMPLE, response_only=True)]
)
class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An endpoint. Its secret was shown when it was made."""

    event_types = serializers.ListField(child=serializers.ChoiceField(choices=CHOICES), read_only=True)
    is_enabled = serializers.BooleanField(read_only=True)
    disabled_reason = serializers.ChoiceField(
        choices=("", *states.REASONS),
        read_only=True,
        help_text="`owner`: you did; `gone`: it answered 410; `failing`: no try succeeded for days; "
        "`backlog`: more waited for it than may.",
    )
    failing_since = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="null: the latest try succeeded."
    )

    class Meta:
        model = WebhookEndpoint
        fields = tuple(ENDPOINT_EXAMPLE)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new endpoint", value={**ENDPOINT_EXAMPLE, "secret": WHSEC_EXAMPLE}, response_only=True
        )
    ]
)
class NewEndpointSerializer(EndpointSerializer):
    """An endpoint with its secret, which is shown this once."""

    secret = serializers.SerializerMethodField(help_text="Keep it: signatures are checked with it.")

    class Meta(EndpointSerializer.Meta):
        fields = (*ENDPOINT_EXAMPLE, "secret")
        read_only_fields = fields

    def get_secret(self, endpoint: WebhookEndpoint) -> str:
        del endpoint
        return str(self.context["secret"])


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A day to change over",
            value={"secret": WHSEC_EXAMPLE, "old_secrets_until": "2026-11-21T09:00:00Z"},
            response_only=True,
        )
    ]
)
class RotatedSecretSerializer(serializers.Serializer[Any]):
    """The new secret, which is shown this once."""

    secret = serializers.CharField()
    old_secrets_until = serializers.DateTimeField(
        help_text="Until then each request is signed with the old secret, too."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("After an outage", value={"replayed": 17}, response_only=True, status_codes=["202"])
    ]
)
class ReplayedSerializer(serializers.Serializer[Any]):
    """How much is on its way once more."""

    replayed = serializers.IntegerField(help_text="How many are sent once more; 1,000 at most in one call.")


@extend_schema_serializer(examples=[OpenApiExample("A try", value=ATTEMPT_EXAMPLE, response_only=True)])
class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One try, and how it was answered."""

    response_body = serializers.CharField(read_only=True, help_text="Its first 1,024 bytes.")
    error = serializers.CharField(read_only=True, help_text="Stable, for programs; empty: it was taken.")

    class Meta:
        model = DeliveryAttempt
        fields = tuple(ATTEMPT_EXAMPLE)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample("A delivery", value=DELIVERY_EXAMPLE, response_only=True, status_codes=["200", "202"])
    ]
)
class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One event for one endpoint: what was sent, and each try."""

    id = serializers.CharField(read_only=True, help_text="The `webhook-id`, the same at each try.")
    event_type = serializers.ChoiceField(choices=tuple(EVENT_TYPES), read_only=True)
    status = serializers.ChoiceField(
        choices=states.STATUSES, read_only=True, help_text="`waiting` also between tries."
    )
    tries = serializers.IntegerField(read_only=True, help_text="Since it was born, or replayed.")
    next_try_at = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField(help_text="As it is sent; null once it was forgotten.")
    attempts = AttemptSerializer(many=True, read_only=True, help_text="The latest 20.")

    class Meta:
        model = Delivery
        fields = tuple(DELIVERY_EXAMPLE)
        read_only_fields = fields

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_try_at(self, delivery: Delivery) -> Any:
        is_waiting = delivery.status == states.WAITING
        return serializers.DateTimeField().to_representation(delivery.ready_at) if is_waiting else None

    @extend_schema_field(serializers.DictField(child=serializers.JSONField(), allow_null=True))
    def get_body(self, delivery: Delivery) -> dict[str, Any] | None:
        return json.loads(delivery.body) if delivery.body else None
