"""Videos and renditions as JSON, in and out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from videos.catalog import states
from videos.catalog.cleaning_words import KIND_WORDS
from videos.catalog.models import Video
from videos.catalog.selectors import is_encrypted
from videos.segment_index import PlayableRendition

MAX_METADATA_BYTES = 16 * 1024
MAX_METADATA_DEPTH = 32

EXAMPLE = {
    "id": "vid_3kTmvU1qQx0aZpLr7e",
    "title": "Release party",
    "description": "",
    "metadata": {"album": "2026"},
    "external_id": "post-4711",
    "creator_id": "user-17",
    "poster_at_s": None,
    "status": "ready",
    "playable": True,
    "progress": 100,
    "failure": None,
    "restriction": "none",
    "is_encrypted": False,
    "duration_s": 93.44,
    "width": 1920,
    "height": 1080,
    "frame_rate": "30000/1001",
    "source_size_bytes": 48211030,
    "source_sha256": "9f2c4d5b0f6a7cbb1a3f0d8a34d2e1c0c7b6a5948372615049f8e7d6c5b4a392",
    "source_is_encrypted": True,
    "source_cleaning": {
        "outcome": "cleaned",
        "reason": "",
        "removed": {"location": 2, "device": 3, "dates": 4, "data_tracks": 1},
        "left": {},
        "uploaded_size_bytes": 48230101,
        "uploaded_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    },
    "stored_bytes": 99120331,
    "created_at": "2026-11-20T09:00:00Z",
    "updated_at": "2026-11-20T09:02:11Z",
    "uploaded_at": "2026-11-20T09:00:12Z",
    "playable_at": "2026-11-20T09:00:16Z",
    "ready_at": "2026-11-20T09:02:11Z",
}


class FailureSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="In words, for people.")


class SourceCleaningSerializer(serializers.Serializer[Any]):
    """What was taken out of the stored source: how much of each kind, never what it said."""

    outcome = serializers.ChoiceField(
        choices=("cleaned", "kept"),
        help_text="`cleaned`: a copy has taken the place of the uploaded file, with every picture, sound and subtitle of "
        "it as they were; `kept`: it is stored as it was uploaded.",
    )
    reason = serializers.CharField(allow_blank=True, help_text="In words, why it was kept.")
    removed = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"How many of each kind were removed; the kinds are {', '.join(f'`{kind}`' for kind in KIND_WORDS)}.",
    )
    left = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many of each kind a kept source goes on to tell."
    )
    uploaded_size_bytes = serializers.IntegerField(help_text="Size of the file as it was uploaded.")
    uploaded_sha256 = serializers.CharField(help_text="SHA-256 of the file as it was uploaded.")


@extend_schema_serializer(examples=[OpenApiExample("A video", value=EXAMPLE, response_only=True)])
class VideoSerializer(serializers.ModelSerializer[Video]):
    """A video as consumers see it."""

    status = serializers.ChoiceField(choices=states.STATUSES, read_only=True)
    restriction = serializers.ChoiceField(choices=states.RESTRICTIONS, read_only=True)
    failure = serializers.SerializerMethodField()
    metadata = serializers.DictField(child=serializers.JSONField(), read_only=True)
    source_is_encrypted = serializers.BooleanField(
        source="source_is_sealed",
        read_only=True,
        help_text="Whether the source lies in the storage encrypted.",
    )
    source_cleaning = serializers.SerializerMethodField()
    is_encrypted = serializers.SerializerMethodField(
        help_text="Whether its segments are stored encrypted. HLS players read them, others do not."
    )

    class Meta:
        model = Video
        fields = tuple(EXAMPLE)
        read_only_fields = fields

    def get_is_encrypted(self, video: Video) -> bool:
        return is_encrypted(video)

    @extend_schema_field(
        SourceCleaningSerializer(
            allow_null=True,
            help_text="null until the video is almost ready, and where the operator keeps sources as they are.",
        )
    )
    def get_source_cleaning(self, video: Video) -> dict[str, Any] | None:
        return video.source_cleaning or None

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, video: Video) -> dict[str, str] | None:
        if video.status != states.FAILED:
            return None  # while another source arrives, the row still knows why the last one failed
        return {"code": video.failure_code, "message": video.failure_message}


@extend_schema_field({"type": "object", "additionalProperties": {}})
class MetadataField(serializers.DictField):
    """An object with anything in it."""

    child = serializers.JSONField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With ids of your own",
            value={"title": "Release party", "external_id": "post-4711", "creator_id": "user-17"},
            request_only=True,
        )
    ]
)
class VideoInputSerializer(serializers.Serializer[Any]):
    """What a consumer may set."""

    title = serializers.CharField(max_length=255, required=False, allow_blank=True)
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    metadata = MetadataField(required=False, help_text="At most 16 KiB.")
    external_id = serializers.CharField(max_length=255, required=False, allow_blank=True)
    creator_id = serializers.CharField(max_length=255, required=False, allow_blank=True)
    poster_at_s = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        help_text="The moment that the poster shows, in seconds. null: a good picture is chosen. May be changed later.",
    )

    def validate_poster_at_s(self, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            message = "Must be a time in seconds."
            raise serializers.ValidationError(message)
        return value

    def validate_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        if _depth(value) > MAX_METADATA_DEPTH:
            message = f"Metadata may be nested {MAX_METADATA_DEPTH} deep at most."
            raise serializers.ValidationError(message)
        try:
            # What every database can keep: no infinite numbers (1e999), no halves of characters, no nulls in text.
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            size_bytes = len(text.encode())
        except ValueError:
            message = "Metadata holds a number or a character that can't be kept."
            raise serializers.ValidationError(message) from None
        if size_bytes > MAX_METADATA_BYTES:
            message = "Metadata may have at most 16 KiB as JSON."
            raise serializers.ValidationError(message)
        if _has_null_character(value):
            message = "Metadata may not hold null characters."
            raise serializers.ValidationError(message)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                dict.fromkeys(unknown, "This field is not known or can't be set.")
            )
        return attrs


def _depth(value: Any) -> int:
    """Return how deeply lists and objects are nested, or one more than the limit."""
    level, depth = _containers([value]), 0
    while level and depth <= MAX_METADATA_DEPTH:
        level = [
            inner
            for item in level
            for inner in _containers(item.values() if isinstance(item, dict) else item)
        ]
        depth += 1
    return depth


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _has_null_character(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in name or _has_null_character(item) for name, item in value.items())
    if isinstance(value, list):
        return any(_has_null_character(item) for item in value)
    return isinstance(value, str) and "\0" in value


RENDITION_EXAMPLE = {
    "name": "v720",
    "kind": "video",
    "codec": "avc1.64001f",
    "width": 1280,
    "height": 720,
    "frame_rate": "30000/1001",
    "channels": None,
    "language": "",
    "role": "main",
    "is_complete": True,
    "is_stopgap": False,
    "is_encrypted": False,
    "withheld_reason": "",
    "quality": {
        "frames": 2803,
        "planned_frames": 2803,
        "is_aligned": True,
        "ssim_mean": 0.984,
        "ssim_lowest": 0.971,
        "mended_chunks": 0,
    },
    "segments": 24,
    "size_bytes": 27103551,
    "average_bitrate_bps": 2320510,
}


class QualitySerializer(serializers.Serializer[Any]):
    """What was found when a whole rendition was compared with its plan; empty until the video is ready."""

    frames = serializers.IntegerField(required=False, help_text="Frames that are there.")
    planned_frames = serializers.IntegerField(required=False, help_text="Frames that should be.")
    is_aligned = serializers.BooleanField(
        required=False, help_text="Whether its segments begin where those of the other sizes do."
    )
    ssim_mean = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="Likeness to the source, 0 to 1, of samples of each chunk.",
    )
    ssim_lowest = serializers.FloatField(
        required=False, allow_null=True, help_text="That of the least like sample."
    )
    mended_chunks = serializers.IntegerField(
        required=False,
        help_text="In how many chunks the source is damaged, and near pictures stand for missing ones.",
    )
    av_offset_s = serializers.FloatField(
        required=False, help_text="Of sound: by how much it begins after the picture."
    )
    length_difference_s = serializers.FloatField(
        required=False, help_text="Of sound: by how much it ends after the plan."
    )


@extend_schema_serializer(examples=[OpenApiExample("A size", value=RENDITION_EXAMPLE, response_only=True)])
class RenditionSerializer(serializers.Serializer[Any]):
    """One encoded version, with its segments so far."""

    name = serializers.CharField(help_text="Its folder in playback addresses.")
    kind = serializers.ChoiceField(choices=("video", "audio"))
    codec = serializers.CharField(help_text="RFC 6381.")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    frame_rate = serializers.SerializerMethodField()
    channels = serializers.IntegerField(allow_null=True)
    language = serializers.CharField(help_text="BCP 47; `und` where unknown, empty for pictures.")
    role = serializers.ChoiceField(
        choices=("main", "commentary", "description"),
        help_text="What a sound is for; a description says what is seen.",
    )
    is_complete = serializers.BooleanField(help_text="False while segments are still being added.")
    is_stopgap = serializers.BooleanField(
        help_text="True for the source's own frames, offered only until what is encoded is complete."
    )
    is_encrypted = serializers.BooleanField(help_text="True: players need a key for its segments.")
    withheld_reason = serializers.CharField(
        allow_blank=True, help_text="Not empty: players are not told of it, since it is not as planned."
    )
    quality = QualitySerializer()
    segments = serializers.SerializerMethodField(help_text="How many can be played so far.")
    size_bytes = serializers.IntegerField(source="index.size_bytes")
    average_bitrate_bps = serializers.IntegerField(source="index.average_bitrate_bps")

    def get_frame_rate(self, rendition: PlayableRendition) -> str:
        return str(rendition.frame_rate) if rendition.frame_rate else ""

    def get_segments(self, rendition: PlayableRendition) -> int:
        return len(rendition.index.segments)
