"""A stranger's file → the cues of a text track, or a refusal in words. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from videos.errors import TrackEmpty, TrackNotText, TrackTooLarge
from videos.tracks.cue_text import clean_settings, clean_text, is_drawing
from videos.tracks.cues import LATEST_MS, MAX_CUE_CHARACTERS, MAX_CUES, Cue, FoundCue
from videos.tracks.srt import is_srt, parse_srt
from videos.tracks.webvtt import is_webvtt, parse_webvtt

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n?")
_HINT = "Send a WebVTT or an SRT file."


def read_track(data: bytes) -> tuple[Cue, ...]:
    """Return the clean cues of a WebVTT or SRT file in any usual encoding, sorted by time.

    Raises: TrackNotText, TrackEmpty, TrackTooLarge.
    """
    text = _LINE_END.sub("\n", _decode(data))
    if is_webvtt(text):
        found = parse_webvtt(text)
    elif is_srt(text):
        found = parse_srt(text)
    else:
        message = "The file is neither WebVTT nor SRT."
        raise TrackNotText(message, hint=_HINT)
    return clean_cues(found)


def clean_cues(found: Iterable[FoundCue], *, shift_ms: int = 0) -> tuple[Cue, ...]:
    """Return what of the cues can be shown, moved by `shift_ms`, sorted by time; equal ones stand once.

    Raises: TrackEmpty, TrackTooLarge.
    """
    cues: dict[Cue, None] = {}
    for one in found:
        start_ms, end_ms = max(0, one.start_ms + shift_ms), one.end_ms + shift_ms
        if not start_ms < end_ms <= LATEST_MS or is_drawing(one.text):
            continue
        if len(one.text) > MAX_CUE_CHARACTERS:
            message = f"The cue at {start_ms // 1000} s is longer than {MAX_CUE_CHARACTERS:,} characters."
            raise TrackTooLarge(message, hint="Split it into several.")
        text = clean_text(one.text, start_ms=start_ms, end_ms=end_ms, shift_ms=shift_ms)
        if text:
            cues[Cue(start_ms, end_ms, text, clean_settings(one.settings))] = None
        if len(cues) > MAX_CUES:
            message = f"The file has more than {MAX_CUES:,} cues."
            raise TrackTooLarge(message)
    if not cues:
        message = "The file holds no cue that could be shown."
        raise TrackEmpty(message, hint=_HINT)
    return tuple(sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms)))


def _decode(data: bytes) -> str:
    """Return the text: by its byte order mark, as UTF-8, as UTF-16 without a mark, else as Windows-1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    encoding = _unmarked_utf16(data)
    if encoding:
        return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _unmarked_utf16(data: bytes) -> str:
    """Return the byte order of digits and line ends in UTF-16, in which every other byte is zero; "" for others."""
    head = data[:2000]
    high, low = head[::2].count(0), head[1::2].count(0)
    if max(high, low) * 4 < len(head) or min(high, low) * 4 > len(head):
        return ""
    return "utf-16-be" if high > low else "utf-16-le"
