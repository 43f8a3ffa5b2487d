"""What a consumer is told about its key."""

from __future__ import annotations

from typing import Any

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
    stored_bytes = serializers.IntegerField(help_text="Sources and everything made from them.")


class AccountSerializer(serializers.Serializer[Any]):
    project = ProjectSerializer()
    key = AccountKeySerializer()
    limits = AccountLimitsSerializer()
    use = AccountUseSerializer()
