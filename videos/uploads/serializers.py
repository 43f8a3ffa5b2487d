"""Upload addresses as JSON, in and out."""

from __future__ import annotations

import math
from typing import Any, get_args

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.config import Container
from gilfoyle.lib.origin_field import OriginField
from videos.catalog.serializers import FailureSerializer, VideoInputSerializer
from videos.uploads.cors import ANY
from videos.uploads.grant_state import STATUSES

MAX_ORIGINS = 32
_TOKEN = "upg_3kTmvU1qQx0aZpLr7e.9sT1yI0KQ4iM2vC7xk1bQw"  # noqa: S105  made up, signed by nothing
EXAMPLE = {
    "id": "upg_3kTmvU1qQx0aZpLr7e",
    "video_id": "vid_3kTmvU1qQx0aZpLr7e",
    "status": "waiting",
    "tus_url": f"https://video.example.org/api/v1/uploads/tus/{_TOKEN}",
    "page_url": f"https://video.example.org/upload/{_TOKEN}",
    "direct_url": f"https://video.example.org/api/v1/uploads/direct/{_TOKEN}",
    "expires_at": "2026-11-21T09:00:00Z",
    "max_size_bytes": 2147483648,
    "max_duration_s": 600.0,
    "containers": ["mp4", "matroska"],
    "allowed_origins": ["https://www.example.org"],
    "offset_bytes": 0,
    "length_bytes": None,
}


class PageOriginField(OriginField):
    """An origin, or `*` for any."""

    def to_internal_value(self, data: Any) -> str:
        return ANY if data == ANY else super().to_internal_value(data)


class KnownFields(serializers.Serializer[Any]):
    """A misspelt limit would otherwise be a limit that silently does not hold."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class NewVideoSerializer(KnownFields, VideoInputSerializer):
    """What a video that is made with its upload address is to be."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs  # what was given stands in the outer object


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "For a page of one site, ten minutes of MP4 at most",
            value={
                "video": {"title": "Holiday", "creator_id": "user-17"},
                "max_size_bytes": 2147483648,
                "max_duration_s": 600,
                "containers": ["mp4"],
                "allowed_origins": ["https://www.example.org"],
                "ttl_s": 3600,
            },
            request_only=True,
        )
    ]
)
class UploadGrantInputSerializer(KnownFields):
    """What an upload address shall allow; everything may be left out."""

    video_id = serializers.CharField(
        required=False, max_length=64, help_text="The video to upload to. Default: a new one is made."
    )
    video = NewVideoSerializer(required=False, help_text="What the new video is to be.")
    ttl_s = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Life of the address in seconds, at most `upload.grant_max_ttl_s`. Default: `upload.expiry_s`.",
    )
    max_size_bytes = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**62,
        help_text="Largest file. Default: `upload.max_size_bytes`.",
    )
    max_duration_s = serializers.FloatField(
        required=False, help_text="Longest video; a longer one is refused before it is encoded."
    )
    containers = serializers.ListField(
        child=serializers.ChoiceField(choices=get_args(Container)),
        required=False,
        min_length=1,
        max_length=len(get_args(Container)),
        help_text="Kinds of file; others are refused before they are encoded. Default: `upload.containers`.",
    )
    allowed_origins = serializers.ListField(
        child=PageOriginField(max_length=300),
        required=False,
        max_length=MAX_ORIGINS,
        help_text="Web sites whose pages may use the address; `*`: any. Default: none but this server's own. Apps and "
        "backends, which send no `Origin`, always may.",
    )

    def validate_ttl_s(self, value: int) -> int:
        longest_s: int = self.context["max_ttl_s"]
        if value > longest_s:
            message = f"Must be at most {longest_s}."
            raise serializers.ValidationError(message, code="max_value")
        return value

    def validate_max_duration_s(self, value: float) -> float:
        if not (math.isfinite(value) and value > 0):
            message = "Must be a length in seconds."
            raise serializers.ValidationError(message)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "video_id" in attrs and "video" in attrs:
            message = "Only a new video can be described."
            raise serializers.ValidationError({"video": message})
        return attrs


@extend_schema_serializer(examples=[OpenApiExample("An address", value=EXAMPLE, response_only=True)])
class UploadGrantSerializer(serializers.Serializer[Any]):
    """An upload address, what it allows, and how far its upload is."""

    id = serializers.CharField()
    video_id = serializers.CharField()
    status = serializers.ChoiceField(choices=("waiting", "receiving", "finished", "expired", "revoked"))
    tus_url = serializers.URLField(
        help_text="The `endpoint` of a tus client, or the address of plain PUTs. Whoever has it may upload."
    )
    page_url = serializers.URLField(
        help_text="A page that uploads by this address, ready to be linked to, or to stand in an iframe of the "
        "allowed origins."
    )
    direct_url = serializers.URLField(
        allow_null=True,
        help_text="For uploads straight to the bucket (docs/direct-uploads.md), as secret as the other. null: sources are "
        "not kept in a bucket here.",
    )
    expires_at = serializers.DateTimeField()
    max_size_bytes = serializers.IntegerField()
    max_duration_s = serializers.FloatField(allow_null=True)
    containers = serializers.ListField(
        child=serializers.CharField(), help_text="Empty: all that are accepted."
    )
    allowed_origins = serializers.ListField(child=serializers.CharField())
    offset_bytes = serializers.IntegerField(help_text="How much has arrived.")
    length_bytes = serializers.IntegerField(allow_null=True, help_text="null: not known yet.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A piece of it",
            value={
                "video_id": "vid_3kTmvU1qQx0aZpLr7e",
                "status": "receiving",
                "offset_bytes": 8388608,
                "length_bytes": 48211030,
            },
            response_only=True,
            status_codes=["200", "308"],
        ),
    ]
)
class PutUploadSerializer(serializers.Serializer[Any]):
    """What a plain PUT has brought."""

    video_id = serializers.CharField()
    status = serializers.ChoiceField(choices=("receiving", "finished"))
    offset_bytes = serializers.IntegerField(help_text="How much has arrived.")
    length_bytes = serializers.IntegerField(allow_null=True, help_text="null: not known yet.")


class PendingUploadSerializer(serializers.Serializer[Any]):
    """What has arrived of a file that is on its way."""

    id = serializers.CharField(help_text="Its address is `{tus_url}/{id}`.")
    offset_bytes = serializers.IntegerField()
    length_bytes = serializers.IntegerField(allow_null=True, help_text="null: not known yet.")
    fingerprint = serializers.CharField(
        allow_blank=True,
        help_text="As its client sent it in `Upload-Metadata`, so that it knows the file when it sees it again.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Half of it is there",
            value={
                "video_id": "vid_3kTmvU1qQx0aZpLr7e",
                "title": "Holiday",
                "status": "receiving",
                "expires_at": "2026-11-21T09:00:00Z",
                "max_size_bytes": 2147483648,
                "max_duration_s": 600.0,
                "containers": ["mp4"],
                "upload": {
                    "id": "upl_3kTmvU1qQx0aZpLr7e",
                    "offset_bytes": 24105515,
                    "length_bytes": 48211030,
                    "fingerprint": "48211030-9f2c61d07be4a35",
                },
                "progress": 0,
                "playable": False,
                "failure": None,
            },
            response_only=True,
        ),
    ]
)
class GrantStateSerializer(serializers.Serializer[Any]):
    """What whoever has an upload address may know of it."""

    video_id = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(
        choices=STATUSES, help_text="`taken`: its video has got a source in another way."
    )
    expires_at = serializers.DateTimeField()
    max_size_bytes = serializers.IntegerField()
    max_duration_s = serializers.FloatField()
    containers = serializers.ListField(child=serializers.CharField())
    upload = PendingUploadSerializer(allow_null=True)
    progress = serializers.IntegerField(help_text="Percent of the processing that is done.")
    playable = serializers.BooleanField()
    failure = FailureSerializer(allow_null=True)
