"""What a consumer is told about its key."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers


class ProjectSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class AccountKeySerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF's Field has a `label` of its own
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)


class AccountLimitsSerializer(serializers.Serializer[Any]):
    max_size_bytes = serializers.IntegerField(help_text="Largest source.")
    max_duration_s = serializers.FloatField(help_text="Longest source.")


class AccountUseSerializer(serializers.Serializer[Any]):
    videos = serializers.IntegerField()
    stored_bytes = serializers.IntegerField(
        help_text="Sources, and the segments and posters made of them so far."
    )


ACCOUNT_EXAMPLE = {
    "project": {"id": "k85kmn34b5ql", "name": "Default"},
    "key": {
        "id": "key_5Tm2vU8qQx1aZpLr3e",
        "label": "Shop backend",
        "scopes": ["playback:sign", "uploads:write", "videos:read", "videos:write"],
        "expires_at": None,
    },
    "limits": {"max_size_bytes": 53687091200, "max_duration_s": 43200.0},
    "use": {"videos": 12, "stored_bytes": 1290003311},
}


@extend_schema_serializer(examples=[OpenApiExample("An account", value=ACCOUNT_EXAMPLE, response_only=True)])
class AccountSerializer(serializers.Serializer[Any]):
    project = ProjectSerializer()
    key = AccountKeySerializer()
    limits = AccountLimitsSerializer()
    use = AccountUseSerializer()
