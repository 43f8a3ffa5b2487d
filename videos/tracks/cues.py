"""A text track in memory: cues, and the bounds that every one of them keeps. Times in whole milliseconds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CUES = 20_000
MAX_CUE_CHARACTERS = 5_000  # as found, with markup; a screen holds a few hundred
LATEST_MS = 100 * 3600 * 1000  # no source is that long: a later time is dirt
ARROW = "-->"


@dataclass(frozen=True, slots=True)
class FoundCue:
    """A cue as a file has it: nothing of its text is trusted yet."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue whose text and settings are WebVTT that may be shown: only known markup, everything else escaped."""

    start_ms: int
    end_ms: int
    text: str
    settings: str = ""


def as_time(time_ms: int) -> str:
    """Return a time as WebVTT writes it."""
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
