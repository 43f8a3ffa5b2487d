"""Text tracks as JSON, in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.languages import standard_tag
from videos.tracks.models import KINDS, SOURCES, SUBTITLES, TextTrack

EXAMPLE = {
    "id": "trk_5WqLnB2cYt8RkXvJ0a",
    "kind": "subtitles",
    "language": "de",
    "label": "Deutsch",
    "is_default": False,
    "is_forced": False,
    "source": "uploaded",
    "cue_count": 412,
    "size_bytes": 31877,
    "created_at": "2026-11-20T09:03:40Z",
}


@extend_schema_serializer(examples=[OpenApiExample("Subtitles", value=EXAMPLE, response_only=True)])
class TextTrackSerializer(serializers.ModelSerializer[TextTrack]):
    """A text track as consumers see it."""

    kind = serializers.ChoiceField(choices=KINDS, read_only=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF takes a field's declaration away before its own `source` is set
        choices=SOURCES, read_only=True, help_text="Uploaded, or found inside the source."
    )

    class Meta:
        model = TextTrack
        fields = tuple(EXAMPLE)
        read_only_fields = fields


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Text in JSON",
            value={"language": "de", "text": "WEBVTT\n\n00:01.000 --> 00:03.000\nGuten Morgen!\n"},
            request_only=True,
        )
    ]
)
class TextTrackInputSerializer(serializers.Serializer[Any]):
    """A track to add: its text, as a file or in JSON, and what it is."""

    file = serializers.FileField(
        required=False, allow_empty_file=True, help_text="WebVTT or SRT; in a form (multipart/form-data)."
    )
    text = serializers.CharField(
        required=False, trim_whitespace=False, help_text="WebVTT or SRT; instead of `file`."
    )
    language = serializers.CharField(max_length=64, help_text="BCP 47, as in `de` or `pt-BR`.")
    kind = serializers.ChoiceField(
        choices=KINDS, default=SUBTITLES, help_text="`captions` also tell what there is to hear."
    )
    label = serializers.CharField(  # type: ignore[assignment]  # as above
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="As viewers see it; else the language's name.",
    )
    is_default = serializers.BooleanField(
        default=False,
        help_text="Shown unless a viewer chooses otherwise; takes it from the track that had it.",
    )
    is_forced = serializers.BooleanField(
        default=False, help_text="Only what everybody needs, such as signs in another language."
    )

    def validate_language(self, value: str) -> str:
        tag = standard_tag(value)
        if tag is None:
            message = "This is no language tag (BCP 47)."
            raise serializers.ValidationError(message)
        return tag

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(unknown, "This field is not known."))
        if ("file" in attrs) == ("text" in attrs):
            raise serializers.ValidationError({"file": "Send either `file` or `text`."})
        return attrs
