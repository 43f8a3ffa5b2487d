"""Imports as JSON, in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.public_addresses import LONGEST
from videos.imports import states
from videos.imports.models import Import

EXAMPLE = {
    "id": "imp_5oPpG2RrUeW1zKq0Ab",
    "video_id": "vid_3kTmvU1qQx0aZpLr7e",
    "source_url": "https://files.example.com/clip.mp4",
    "status": "fetching",
    "size_bytes": 48211030,
    "received_bytes": 12058624,
    "progress": 25,
    "attempts": 1,
    "failure": None,
    "created_at": "2026-11-20T09:00:00Z",
    "started_at": "2026-11-20T09:00:01Z",
    "finished_at": None,
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "From the web",
            value={"source_url": "https://files.example.com/clip.mp4?token=…"},
            request_only=True,
        ),
        OpenApiExample(
            "From a bucket", value={"source_url": "s3://footage/2026/clip.mp4"}, request_only=True
        ),
    ]
)
class ImportInputSerializer(serializers.Serializer[Any]):
    """What is to be fetched."""

    source_url = serializers.CharField(
        max_length=LONGEST,
        help_text="The file's own address: `https://…`, `http://…`, or `s3://BUCKET/KEY` of a bucket that the operator "
        "has named. Signed addresses are kept only until the import has ended.",
    )


class ImportFailureSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="In words, for people.")
    hint = serializers.CharField(allow_blank=True, help_text="What to do about it.")


@extend_schema_serializer(
    examples=[
        OpenApiExample("Under way", value=EXAMPLE, response_only=True, status_codes=["200", "202"]),
    ]
)
class ImportSerializer(serializers.ModelSerializer[Import]):
    """An import as consumers see it."""

    video_id = serializers.CharField(read_only=True)
    source_url = serializers.CharField(source="shown_url", read_only=True, help_text="Without its query.")
    status = serializers.ChoiceField(
        choices=states.STATUSES,
        read_only=True,
        help_text="`waiting` also between tries; `failure` then says what went wrong last.",
    )
    size_bytes = serializers.IntegerField(allow_null=True, read_only=True, help_text="As announced.")
    progress = serializers.SerializerMethodField(help_text="Percent of the bytes; null until it is known.")
    attempts = serializers.IntegerField(source="attempt", read_only=True)
    failure = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = tuple(EXAMPLE)
        read_only_fields = fields

    def get_progress(self, one: Import) -> int | None:
        return one.percent

    @extend_schema_field(ImportFailureSerializer(allow_null=True))
    def get_failure(self, one: Import) -> dict[str, str] | None:
        if not one.failure_code or one.status == states.FINISHED:
            return None
        return {"code": one.failure_code, "message": one.failure_message, "hint": one.failure_hint}
