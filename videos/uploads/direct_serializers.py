"""Uploads straight to the bucket as JSON, in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.storage_multiparts import StoredPart
from videos.uploads import states
from videos.uploads.direct import PartAddress, plan_of, upload_of
from videos.uploads.models import DirectUpload
from videos.uploads.part_plan import MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES
from videos.uploads.serializers import KnownFields

MOST_SIGNED = 200
VERIFYING = "verifying"
STATUSES = (states.RECEIVING, VERIFYING, states.FINISHED)
_SIGNATURE = (
    "X-Amz-Expires=900&X-Amz-SignedHeaders=content-length%3Bhost&X-Amz-Signature=0f1e2d"  # of no key at all
)
EXAMPLE = {
    "upload_id": "upl_3kTmvU1qQx0aZpLr7e",
    "video_id": "vid_3kTmvU1qQx0aZpLr7e",
    "status": "receiving",
    "size_bytes": 48211030,
    "part_size_bytes": 16777216,
    "part_count": 3,
    "expires_at": "2026-11-21T09:00:00Z",
}
STORED = {"part_number": 1, "size_bytes": 16777216, "etag": '"9a0364b9e99bb480dd25e1f0284c8555"'}
ADDRESS = {
    "part_number": 2,
    "method": "PUT",
    "url": f"https://s3.example.org/films/sources/upl_9bK2?partNumber=2&uploadId=2~x&{_SIGNATURE}",
    "headers": {"Content-MD5": "4vxxTEcn7pOV8yTNLn8zHw=="},
    "size_bytes": 16777216,
    "expires_at": "2026-11-21T08:15:00Z",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A film of 48 MB",
            value={"size_bytes": 48211030, "content_type": "video/mp4", "title": "Holiday"},
            request_only=True,
        )
    ]
)
class DirectUploadInputSerializer(KnownFields):
    """The file that is going to be sent."""

    size_bytes = serializers.IntegerField(min_value=1, max_value=2**62, help_text="Of the whole file.")
    part_size_bytes = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_PART_BYTES,
        help_text=f"Of each part but the last. At least {MIN_PART_BYTES}, and so that there are at most {MAX_PARTS} parts. "
        "Default: 16 MiB, or more for very large files.",
    )
    content_type = serializers.CharField(
        required=False, max_length=255, allow_blank=True, help_text="As in `video/mp4`."
    )
    sha256 = serializers.RegexField(
        r"\A[0-9a-fA-F]{64}\Z",
        required=False,
        help_text="Of the whole file, in hex. Then it is no source before it was read and found to be the same; another "
        "one is refused, and its video, or the upload's `ended_code`, tells so (`source_differs`).",
    )
    video_id = serializers.CharField(
        required=False,
        max_length=64,
        help_text="The video to upload to; an upload address has one already. Default: a new one.",
    )
    title = serializers.CharField(
        required=False, max_length=255, allow_blank=True, help_text="Of a new video."
    )


@extend_schema_serializer(examples=[OpenApiExample("One that has begun", value=EXAMPLE, response_only=True)])
class DirectUploadSerializer(serializers.Serializer[Any]):
    """An upload straight to the bucket."""

    upload_id = serializers.CharField()
    video_id = serializers.CharField()
    status = serializers.ChoiceField(
        choices=STATUSES,
        help_text="`verifying`: complete, and looked at before it becomes the source of its video.",
    )
    size_bytes = serializers.IntegerField()
    part_size_bytes = serializers.IntegerField(help_text="Cut the file so; the last part has what is left.")
    part_count = serializers.IntegerField()
    expires_at = serializers.DateTimeField(
        help_text="Unless a part is signed for, or the parts are listed, before."
    )


class StoredPartSerializer(serializers.Serializer[Any]):
    part_number = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    etag = serializers.CharField()


@extend_schema_serializer(
    examples=[OpenApiExample("One part is there", value={**EXAMPLE, "parts": [STORED]}, response_only=True)]
)
class DirectUploadPartsSerializer(DirectUploadSerializer):
    """An upload with the parts that are there."""

    parts = StoredPartSerializer(many=True, help_text="None once it is complete.")


class WantedPartSerializer(KnownFields):
    part_number = serializers.IntegerField(min_value=1, max_value=MAX_PARTS)
    md5 = serializers.RegexField(
        r"\A[0-9a-fA-F]{32}\Z",
        required=False,
        help_text="Of the part, in hex: then the bucket takes no other bytes, and `Content-MD5` must be sent.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two of them",
            value={
                "parts": [
                    {"part_number": 2, "md5": "e2fc714c4727ee9395f324cd2e7f331f"},
                    {"part_number": 3},
                ]
            },
            request_only=True,
        )
    ]
)
class SignPartsSerializer(KnownFields):
    """Parts that are to be sent now."""

    parts = serializers.ListField(child=WantedPartSerializer(), min_length=1, max_length=MOST_SIGNED)


class PartAddressSerializer(serializers.Serializer[Any]):
    part_number = serializers.IntegerField()
    method = serializers.ChoiceField(choices=("PUT",))
    url = serializers.URLField(help_text="For this part alone. Whoever has it may send it.")
    headers = serializers.DictField(child=serializers.CharField(), help_text="To be sent as they are.")
    size_bytes = serializers.IntegerField(help_text="Exactly so many bytes are taken.")
    expires_at = serializers.DateTimeField()


@extend_schema_serializer(
    examples=[OpenApiExample("For one part", value={"parts": [ADDRESS]}, response_only=True)]
)
class SignedPartsSerializer(serializers.Serializer[Any]):
    """Where parts may be sent."""

    parts = PartAddressSerializer(many=True)


class NamedPartSerializer(KnownFields):
    part_number = serializers.IntegerField(min_value=1, max_value=MAX_PARTS)
    etag = serializers.CharField(max_length=255)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With what was seen",
            value={"parts": [{"part_number": 1, "etag": STORED["etag"]}]},
            request_only=True,
        )
    ]
)
class CompleteSerializer(KnownFields):
    """What the client believes to be there; it may leave it out."""

    parts = serializers.ListField(
        child=NamedPartSerializer(),
        required=False,
        min_length=1,
        max_length=MAX_PARTS,
        help_text="All parts with the `ETag` that the bucket answered for each. They must be those that are there.",
    )


def describe_direct(direct: DirectUpload) -> dict[str, Any]:
    """Return an upload as its client sees it."""
    upload = upload_of(direct)
    is_verifying = upload.status == states.RECEIVING and direct.is_stored
    return {
        "upload_id": upload.pk,
        "video_id": upload.video_id,
        "status": VERIFYING if is_verifying else upload.status,
        "size_bytes": upload.length_bytes,
        "part_size_bytes": direct.part_size_bytes,
        "part_count": plan_of(direct).count,
        "expires_at": upload.lease_expires_at,
    }


def describe_part(part: StoredPart) -> dict[str, Any]:
    """Return a part that is there."""
    return {"part_number": part.number, "size_bytes": part.size_bytes, "etag": part.etag}


def describe_address(address: PartAddress) -> dict[str, Any]:
    """Return where a part may be sent."""
    return {
        "part_number": address.number,
        "method": "PUT",
        "url": address.url,
        "headers": address.headers,
        "size_bytes": address.size_bytes,
        "expires_at": address.expires_at,
    }


def md5_of(text: str | None) -> bytes | None:
    """Return a hash that was given in hex."""
    return bytes.fromhex(text) if text else None
