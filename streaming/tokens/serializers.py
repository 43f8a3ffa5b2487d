"""Playback tokens as JSON, in and out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.origin_field import OriginField
from streaming.tokens.claims import MAX_ORIGINS
from videos.tracks.models import KINDS

_TOKEN = "k3Jx9Q.AU1py2BWZcrgZ0F2Y0hAu3fuAoXyqA.9sT1yI0KQ4iM2vC7xk1bQw"  # noqa: S105  made up, signed by nothing
_FOLDER = f"https://video.example.org/play/{_TOKEN}/m4x0q7c2h9ab/vid_3kTmvU1qQx0aZpLr7e/8fWq2ZrT5bXn0Lkc"
EXAMPLE_TRACK = {
    "id": "trk_5WqLnB2cYt8RkXvJ0a",
    "kind": "subtitles",
    "language": "de",
    "label": "Deutsch",
    "is_default": False,
    "is_forced": False,
    "url": f"{_FOLDER}/text/trk_5WqLnB2cYt8RkXvJ0a.vtt",
}
EXAMPLE = {
    "token": _TOKEN,
    "hls_url": f"{_FOLDER}/master.m3u8",
    "dash_url": None,
    "embed_url": f"https://video.example.org/embed/{_TOKEN}/m4x0q7c2h9ab/vid_3kTmvU1qQx0aZpLr7e",
    "poster_url": f"{_FOLDER}/poster.jpg",
    "storyboard_url": f"{_FOLDER}/storyboard.vtt",
    "preview_url": f"{_FOLDER}/preview.webp",
    "tracks": [EXAMPLE_TRACK],
    "expires_at": "2026-11-20T12:00:00Z",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "For one site, half an hour, up to 720p",
            value={"ttl_s": 1800, "max_height": 720, "allowed_origins": ["https://www.example.org"]},
            request_only=True,
        )
    ]
)
class PlaybackInputSerializer(serializers.Serializer[Any]):
    """What a token shall allow; everything may be left out."""

    ttl_s = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Life of the token in seconds, at most `playback.max_ttl_s`. Default: three plays of the video.",
    )
    max_height = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=65535,
        help_text="Largest shortest side, in pixels (720: up to 720p).",
    )
    allowed_origins = serializers.ListField(
        child=OriginField(max_length=300),
        required=False,
        min_length=1,
        max_length=MAX_ORIGINS,
        help_text="Only pages of these sites may play and embed the video. Default: any site.",
    )

    def validate_ttl_s(self, value: int) -> int:
        longest_s: int = self.context["max_ttl_s"]
        if value > longest_s:
            message = f"Must be at most {longest_s}."
            raise serializers.ValidationError(message, code="max_value")
        return value

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            # A misspelt limit would otherwise be a limit that silently does not hold.
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class PlaybackTrackSerializer(serializers.Serializer[Any]):
    """A text track, whole; `hls_url` has all of them in segments."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    language = serializers.CharField(help_text="BCP 47.")
    label = serializers.CharField()  # type: ignore[assignment]  # DRF takes a field's declaration away before its own `label` is set
    is_default = serializers.BooleanField()
    is_forced = serializers.BooleanField()
    url = serializers.URLField(help_text="WebVTT.")


@extend_schema_serializer(examples=[OpenApiExample("Addresses", value=EXAMPLE, response_only=True)])
class PlaybackSerializer(serializers.Serializer[Any]):
    """A playback token and its absolute addresses."""

    token = serializers.CharField(help_text="Stands in all addresses; treat it as a secret of one viewer.")
    hls_url = serializers.URLField()
    dash_url = serializers.URLField(allow_null=True)
    embed_url = serializers.URLField(help_text="A page with a player, for an iframe.")
    poster_url = serializers.URLField(allow_null=True, help_text="null until there is a poster.")
    storyboard_url = serializers.URLField(
        allow_null=True,
        help_text="WebVTT: which tile of which sheet shows what is to be seen when. null until there is one.",
    )
    preview_url = serializers.URLField(
        allow_null=True, help_text="A short, silent, animated picture (WebP). null until there is one."
    )
    tracks = PlaybackTrackSerializer(
        many=True, help_text="Text tracks; players of HLS find them by themselves."
    )
    expires_at = serializers.DateTimeField()
