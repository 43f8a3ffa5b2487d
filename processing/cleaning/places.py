"""Finds a plan's streams again in a copy of its source that has fewer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from processing.media import EncodePlan


def with_places(plan: EncodePlan, places: Mapping[int, int]) -> EncodePlan:
    """Return the plan for the copy; subtitles that it has no more are in it no more.

    Raises: KeyError where the copy lacks a picture or sound of the plan.
    """
    video, copy = plan.video, plan.copy
    return replace(
        plan,
        video=video and replace(video, stream_index=places[video.stream_index]),
        audio=tuple(replace(sound, stream_index=places[sound.stream_index]) for sound in plan.audio),
        copy=copy and replace(copy, stream_index=places[copy.stream_index]),
        text=tuple(
            replace(text, stream_index=places[text.stream_index])
            for text in plan.text
            if text.stream_index in places
        ),
    )
