"""Playback tokens as JSON, in and out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.origin_field import OriginField
from gilfoyle.lib.strict_input import StrictSerializer
from streaming.tokens.claims import LATEST_CLIP_S, MAX_ORIGINS, Clip
from streaming.tokens.scope_words import SCOPE_WORDS, scope_of_words
from streaming.tokens.services import TokenLimits, TokenWish
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
    "dash_url": f"{_FOLDER}/manifest.mpd",
    "embed_url": f"https://video.example.org/embed/{_TOKEN}/m4x0q7c2h9ab/vid_3kTmvU1qQx0aZpLr7e",
    "poster_url": f"{_FOLDER}/poster.jpg",
    "storyboard_url": f"{_FOLDER}/storyboard.vtt",
    "preview_url": f"{_FOLDER}/preview.webp",
    "tracks": [EXAMPLE_TRACK],
    "clip": None,
    "expires_at": "2026-11-20T12:00:00Z",
    "session_id": "9b1e0c55d4a7f203",
    "session_expires_at": "2026-11-20T20:00:00Z",
    "refresh_url": f"https://video.example.org/play/{_TOKEN}/m4x0q7c2h9ab/vid_3kTmvU1qQx0aZpLr7e/refresh",
}


class ClipSerializer(StrictSerializer):
    """A part of a video, in seconds of the video."""

    start_s = serializers.FloatField(min_value=0, help_text="Where it begins.")
    end_s = serializers.FloatField(help_text="Where it ends; no later than the video.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # What compares with nothing (nan) has passed the fields' own bounds.
        for name, time_s in attrs.items():
            if not math.isfinite(time_s) or not 0 <= time_s <= LATEST_CLIP_S:
                message = f"Must be a number of seconds from 0 to {LATEST_CLIP_S}."
                raise serializers.ValidationError({name: [message]})
        clip = as_clip(attrs)
        if clip.end_ms <= clip.start_ms:
            message = "A clip ends later than it begins, by a thousandth of a second at least."
            raise serializers.ValidationError({"end_s": [message]})
        duration_s = self.context.get("duration_s")
        longest_ms = math.ceil(duration_s * 1000) if duration_s is not None else None
        for name, time_ms in (("start_s", clip.start_ms + 1), ("end_s", clip.end_ms)):
            if longest_ms is not None and time_ms > longest_ms:
                message = f"The video is {longest_ms / 1000:g} seconds long."
                raise serializers.ValidationError({name: [message]})
        return attrs


def as_clip(given: Mapping[str, float]) -> Clip:
    """Return the clip of seconds as they were sent, to the thousandth."""
    return Clip(round(given["start_s"] * 1000), round(given["end_s"] * 1000))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "From 1:30 to 2:00 of the video",
            value={"clip": {"start_s": 90, "end_s": 120}},
            request_only=True,
        ),
        OpenApiExample(
            "For one site, half an hour, up to 720p",
            value={"ttl_s": 1800, "max_height": 720, "allowed_origins": ["https://www.example.org"]},
            request_only=True,
        ),
    ]
)
class PlaybackInputSerializer(StrictSerializer):
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

    not_before = serializers.DateTimeField(
        required=False,
        help_text="The token counts from this time on. It must begin before it ends: `ttl_s` counts from now.",
    )
    allow = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPE_WORDS),
        required=False,
        min_length=1,
        help_text="What may be fetched: `media` (manifests and segments), `images` (poster, storyboard, preview), `text` "
        "(subtitles and captions). Default: all.",
    )
    group = serializers.CharField(
        required=False,
        max_length=200,
        help_text="A name of yours by which many tokens are revoked at once, such as a team's id. Only a hash of it "
        "stands in the token; take no name that says who somebody is.",
    )
    session_ttl_s = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="For so many seconds from now the token may be exchanged at `refresh_url` for a later one; at most "
        "`playback.max_session_s`. Default: it may not.",
    )

    clip = ClipSerializer(
        required=False,
        help_text="Only this part of the video: of each rendition the segments that have anything of it, whole. Poster and "
        "preview show other parts, so they are not to be had. Default: all of the video.",
    )
    age_ok = serializers.BooleanField(
        required=False,
        help_text="You know that this viewer is old enough for videos with an age label; others don't play without it.",
    )
    country = serializers.RegexField(
        r"^[A-Z]{2}$",
        required=False,
        help_text="Where the viewer is, as you know it (ISO 3166-1, two capital letters). Videos that are blocked in some "
        "countries don't play without it; Gilfoyle itself looks at nobody's address.",
    )

    def validate_ttl_s(self, value: int) -> int:
        return self._at_most(value, self._limits.max_ttl_s)

    def validate_session_ttl_s(self, value: int) -> int:
        return self._at_most(value, self._limits.max_session_s)

    def _at_most(self, value: int, longest_s: int) -> int:
        if value > longest_s:
            message = f"Must be at most {longest_s}."
            raise serializers.ValidationError(message, code="max_value")
        return value

    @property
    def _limits(self) -> TokenLimits:
        limits: TokenLimits = self.context["limits"]
        return limits

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        session_s = attrs.get("session_ttl_s")
        if session_s is not None and session_s < attrs.get("ttl_s", 0):
            message = "A session ends no earlier than its first token."
            raise serializers.ValidationError({"session_ttl_s": [message]})
        begin = attrs.get("not_before")
        longest_s = attrs.get("ttl_s") or min(self._limits.max_ttl_s, session_s or self._limits.max_ttl_s)
        now_s = int(self.context["now"].timestamp())
        if begin is not None and math.ceil(begin.timestamp()) >= now_s + longest_s:
            message = f"The token would end before it begins: it lives for {longest_s} seconds from now."
            raise serializers.ValidationError({"not_before": [message]})
        return attrs

    def wish(self) -> TokenWish:
        """Return what was sent; a beginning that has passed is none."""
        given = self.validated_data
        begin, now = given.get("not_before"), self.context["now"]
        return TokenWish(
            ttl_s=given.get("ttl_s"),
            max_height=given.get("max_height"),
            origins=tuple(dict.fromkeys(given.get("allowed_origins", ()))),
            scope=scope_of_words(given.get("allow", SCOPE_WORDS)),
            not_before_s=None if begin is None or begin <= now else math.ceil(begin.timestamp()),
            session_ttl_s=given.get("session_ttl_s"),
            group=given.get("group"),
            clip=as_clip(given["clip"]) if "clip" in given else None,
            age_ok=given.get("age_ok", False),
            country=given.get("country"),
        )


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
    hls_url = serializers.URLField(allow_null=True, help_text="null where the token opens no media.")
    dash_url = serializers.URLField(
        allow_null=True, help_text="null where segments are encrypted: HLS players alone can read them."
    )
    embed_url = serializers.URLField(
        allow_null=True,
        help_text="A page with a player, for an iframe. null in answers of `refresh_url` for a token of certain sites.",
    )
    poster_url = serializers.URLField(
        allow_null=True, help_text="null until there is a poster, and for a clip."
    )
    storyboard_url = serializers.URLField(
        allow_null=True,
        help_text="WebVTT: which tile of which sheet shows what is to be seen when. null until there is one, and for a clip.",
    )
    preview_url = serializers.URLField(
        allow_null=True,
        help_text="A short, silent, animated picture (WebP). null until there is one, and for a clip.",
    )
    tracks = PlaybackTrackSerializer(
        many=True, help_text="Text tracks; players of HLS find them by themselves."
    )
    clip = ClipSerializer(
        allow_null=True, help_text="The part of the video that the token is for. null: all of it."
    )
    expires_at = serializers.DateTimeField(help_text="Of the token.")
    session_id = serializers.CharField(
        help_text="Of this viewer's session; later tokens of it have the same."
    )
    session_expires_at = serializers.DateTimeField(
        help_text="Until then later tokens are to be had; `expires_at` where there are none."
    )
    refresh_url = serializers.URLField(
        allow_null=True,
        help_text="`POST` here without key or body before the token expires: the same answer with a later token. "
        "null where `session_ttl_s` was not given.",
    )
