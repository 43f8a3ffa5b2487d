"""Chapters as JSON, in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from videos.chapters.chapter import LATEST_MS, LONGEST_TITLE, MOST_CHAPTERS, Chapter, clean_title

CHAPTERS = [{"start_s": 0.0, "title": "Opening"}, {"start_s": 93.5, "title": "First act"}]


class ChapterSerializer(serializers.Serializer[Any]):
    """One chapter."""

    start_s = serializers.FloatField(
        min_value=0, max_value=LATEST_MS / 1000, help_text="Where it begins, in seconds, to the millisecond."
    )
    title = serializers.CharField(max_length=LONGEST_TITLE, help_text="One line, as viewers see it.")

    def validate_title(self, value: str) -> str:
        title = clean_title(value)
        if not title:
            message = "There is nothing in this title that can be seen."
            raise serializers.ValidationError(message)
        return title


@extend_schema_serializer(examples=[OpenApiExample("Two chapters", value={"chapters": CHAPTERS})])
class ChaptersInputSerializer(serializers.Serializer[Any]):
    """All chapters that a video is to have."""

    chapters = serializers.ListField(
        child=ChapterSerializer(), max_length=MOST_CHAPTERS, help_text="In any order; [] for none."
    )

    def validate_chapters(self, value: list[dict[str, Any]]) -> list[Chapter]:
        found = sorted((Chapter(round(one["start_s"] * 1000), one["title"]) for one in value), key=_start)
        duration_s: float | None = self.context.get("duration_s")
        if len({one.start_ms for one in found}) < len(found):
            message = "Two chapters begin at the same time."
            raise serializers.ValidationError(message)
        if found and duration_s is not None and found[-1].start_ms >= duration_s * 1000:
            message = f"The video is over after {duration_s:.3f} s; a chapter begins later."
            raise serializers.ValidationError(message)
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(unknown, "This field is not known."))
        return attrs


def _start(chapter: Chapter) -> int:
    return chapter.start_ms


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two chapters", value={"chapters": CHAPTERS, "are_from_source": False}, response_only=True
        )
    ]
)
class ChaptersSerializer(serializers.Serializer[Any]):
    """A video's chapters."""

    chapters = ChapterSerializer(many=True, help_text="In order.")
    are_from_source = serializers.BooleanField(
        help_text="They were found in the source (`privacy.source_chapters`), and go with it."
    )


def describe(chapters: Sequence[Chapter], *, are_from_source: bool) -> dict[str, Any]:
    """Return chapters as the API tells them."""
    shown = [{"start_s": one.start_ms / 1000, "title": one.title} for one in chapters]
    return {"chapters": shown, "are_from_source": are_from_source}
