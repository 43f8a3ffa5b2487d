"""WebVTT (W3C), read and written. What is read is only taken apart here; `cleaning.py` makes it fit to be shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from videos.tracks.cues import ARROW, Cue, FoundCue, as_time

_HEADER = re.compile(r"WEBVTT(?:[ \t\n]|\Z)")
_TIMING = re.compile(
    r"[ \t]*(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{2})[.,]([0-9]{1,3})"
    r"[ \t]*-->[ \t]*(?:([0-9]{1,4}):)?([0-9]{1,2}):([0-9]{2})[.,]([0-9]{1,3})(?P<settings>[ \t].*)?[ \t]*"
)


def is_webvtt(text: str) -> bool:
    """Tell whether a text begins as WebVTT does."""
    return _HEADER.match(text) is not None


def parse_webvtt(text: str) -> list[FoundCue]:
    """Return the cues of a text with single line feeds; notes, styles, regions and cue ids are left out.

    A cue whose times can't be read is left out too, as players do.
    """
    lines = text.split("\n")
    cues: list[FoundCue] = []
    at = _end_of_block(lines, 1)  # the header may go on
    while at < len(lines):
        if ARROW not in lines[at]:
            # An id, if times follow; else a note, a style, a region, or a blank line.
            has_times = lines[at] != "" and at + 1 < len(lines) and ARROW in lines[at + 1]
            at = at + 1 if has_times or lines[at] == "" else _end_of_block(lines, at + 1)
            continue
        timing = _TIMING.fullmatch(lines[at])
        end = _end_of_block(lines, at + 1)
        if timing:
            start_ms, end_ms = _as_ms(timing.groups()[:4]), _as_ms(timing.groups()[4:8])
            payload = "\n".join(lines[at + 1 : end])
            cues.append(FoundCue(start_ms, end_ms, payload, (timing["settings"] or "").strip()))
        at = end
    return cues


def _end_of_block(lines: Sequence[str], at: int) -> int:
    """Return where a block ends: at a blank line, or at times that nobody separated from it."""
    while at < len(lines) and lines[at] != "" and ARROW not in lines[at]:
        at += 1
    return at


def _as_ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def read_written(text: str) -> tuple[Cue, ...]:
    """Return the cues of a file that `write_webvtt` wrote: clean they were before, and are taken as they are."""
    return tuple(Cue(cue.start_ms, cue.end_ms, cue.text, cue.settings) for cue in parse_webvtt(text))


def write_webvtt(cues: Iterable[Cue], *, header: Sequence[str] = ()) -> str:
    """Return clean cues as a WebVTT file; `header` are lines below its first."""
    blocks = ["\n".join(("WEBVTT", *header))]
    for cue in cues:
        settings = f" {cue.settings}" if cue.settings else ""
        blocks.append(f"{as_time(cue.start_ms)} {ARROW} {as_time(cue.end_ms)}{settings}\n{cue.text}")
    return "\n\n".join(blocks) + "\n"
