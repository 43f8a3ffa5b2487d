"""SubRip (SRT), which nobody ever specified: read as it is met, with all its dirt. Pure."""

from __future__ import annotations

import re

from videos.tracks.cue_text import is_at_top
from videos.tracks.cues import FoundCue

_TIME = r"(-?)[ ]?([0-9]{1,4}):([0-9]{1,2}):([0-9]{1,2})(?:[,.:]([0-9]{1,3})[0-9]*)?"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-{{1,3}}>[ \t]*{_TIME}(?:[ \t].*)?")
_NUMBER = re.compile(r"[ \t]*[0-9]{1,9}[ \t]*")
_AT_TOP = "line:0"


def is_srt(text: str) -> bool:
    """Tell whether any line holds the times of a cue."""
    return any(_TIMING.fullmatch(line) for line in text.split("\n") if ">" in line)


def parse_srt(text: str) -> list[FoundCue]:
    """Return the cues of a text with single line feeds, in the file's order; times may be negative.

    A cue reaches to the next times, whether or not blank lines separate the two; the next one's number is not its text.
    """
    cues: list[FoundCue] = []
    times: tuple[int, int] | None = None
    payload: list[str] = []
    for line in text.split("\n"):
        timing = _TIMING.fullmatch(line) if ">" in line else None
        if timing is None:
            payload.append(line)
            continue
        if times is not None:
            cues.append(_cue(times, payload, has_successor=True))
        times, payload = (_as_ms(timing.groups()[:5]), _as_ms(timing.groups()[5:10])), []
    if times is not None:
        cues.append(_cue(times, payload, has_successor=False))
    return cues


def _cue(times: tuple[int, int], payload: list[str], *, has_successor: bool) -> FoundCue:
    lines = list(payload)
    while lines and not lines[-1].strip():
        lines.pop()
    if has_successor and lines and _NUMBER.fullmatch(lines[-1]):
        lines.pop()
    found = "\n".join(lines).strip()
    return FoundCue(*times, found, _AT_TOP if is_at_top(found) else "")


def _as_ms(parts: tuple[str | None, ...]) -> int:
    sign, hours, minutes, seconds, fraction = (part or "0" for part in parts)
    whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return (whole_s * 1000 + int(fraction.ljust(3, "0"))) * (-1 if sign == "-" else 1)
