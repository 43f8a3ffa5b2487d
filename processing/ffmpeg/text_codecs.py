"""Arguments that write subtitles."""

from __future__ import annotations

from processing.ffmpeg.codecs import Arguments
from processing.media import TextPlan


def webvtt_arguments(plan: TextPlan) -> Arguments:
    """Return the arguments that write one subtitle stream as WebVTT."""
    return {
        "c:s": "copy" if plan.codec == "webvtt" else "webvtt",  # encoded anew, cues would lose their places
        "format": "webvtt",
        "avoid_negative_ts": "disabled",  # times stay on the source's clock, on which the plan's zero is
        "map_metadata": -1,  # titles of streams are somebody's words, and no part of the text
        "map_metadata:s": -1,
        "map_chapters": -1,
        "vn": None,
        "an": None,
        "dn": None,
        "fflags": "+bitexact",
    }
