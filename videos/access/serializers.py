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


def _limit(words: str) -> serializers.IntegerField:
    return serializers.IntegerField(allow_null=True, help_text=f"{words}; null: no limit.")


class KeyLimitsSerializer(serializers.Serializer[Any]):
    """What this key may use of its project's limits."""

    stored_bytes = _limit("Bytes of the videos whose sources it brings, with those that are on their way")
    uploads_at_once = _limit("Unfinished uploads")
    requests_a_minute = _limit("API requests in a minute")


class AccountLimitsSerializer(serializers.Serializer[Any]):
    max_size_bytes = serializers.IntegerField(help_text="Largest source.")
    max_duration_s = serializers.FloatField(help_text="Longest source.")
    stored_bytes = _limit("Bytes that the project may store, with those that are on their way")
    minutes_a_month = _limit("Minutes of video that may be processed in a calendar month (UTC)")
    uploads_at_once = _limit("Unfinished uploads")
    encodes_at_once = _limit("Videos that are processed at the same time; others wait")
    requests_a_minute = _limit("API requests in a minute")
    key = KeyLimitsSerializer()


class KeyUseSerializer(serializers.Serializer[Any]):
    stored_bytes = serializers.IntegerField(help_text="Of the videos whose sources it brought.")
    uploading_bytes = serializers.IntegerField(help_text="Kept for its unfinished uploads.")
    uploads = serializers.IntegerField(help_text="Unfinished ones.")


class AccountUseSerializer(serializers.Serializer[Any]):
    videos = serializers.IntegerField()
    stored_bytes = serializers.IntegerField(
        help_text="Sources, and the segments and posters made of them so far."
    )
    deleting_bytes = serializers.IntegerField(
        help_text="Those of them that are being deleted, and gone in minutes."
    )
    uploading_bytes = serializers.IntegerField(help_text="Kept for unfinished uploads.")
    uploads = serializers.IntegerField(help_text="Unfinished ones.")
    processing = serializers.IntegerField(help_text="Videos that are processed, or wait for it.")
    minutes_this_month = serializers.FloatField(
        help_text="Minutes of video processed in this calendar month."
    )
    key = KeyUseSerializer()


ACCOUNT_EXAMPLE = {
    "project": {"id": "k85kmn34b5ql", "name": "Default"},
    "key": {
        "id": "key_5Tm2vU8qQx1aZpLr3e",
        "label": "Shop backend",
        "scopes": ["playback:sign", "uploads:write", "videos:read", "videos:write"],
        "expires_at": None,
    },
    "encryption": False,
    "limits": {
        "max_size_bytes": 53687091200,
        "max_duration_s": 43200.0,
        "stored_bytes": 536870912000,
        "minutes_a_month": 3000,
        "uploads_at_once": 1000,
        "encodes_at_once": None,
        "requests_a_minute": 6000,
        "key": {"stored_bytes": None, "uploads_at_once": 20, "requests_a_minute": 600},
    },
    "use": {
        "videos": 12,
        "stored_bytes": 1290003311,
        "deleting_bytes": 0,
        "uploading_bytes": 52428800,
        "uploads": 1,
        "processing": 2,
        "minutes_this_month": 41.5,
        "key": {"stored_bytes": 1290003311, "uploading_bytes": 52428800, "uploads": 1},
    },
}


@extend_schema_serializer(examples=[OpenApiExample("An account", value=ACCOUNT_EXAMPLE, response_only=True)])
class AccountSerializer(serializers.Serializer[Any]):
    project = ProjectSerializer()
    key = AccountKeySerializer()
    encryption = serializers.BooleanField(
        help_text="Whether the segments of what is processed from now on are stored encrypted."
    )
    limits = AccountLimitsSerializer()
    use = AccountUseSerializer()
