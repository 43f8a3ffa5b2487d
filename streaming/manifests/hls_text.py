"""Text tracks in HLS playlists (RFC 8216): what a multivariant playlist says of them, and their own. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from streaming.clips import find_text_segments
from streaming.manifests.hls import Shared, clock_line
from videos.tracks.segmenting import SEGMENT_S, count_segments

if TYPE_CHECKING:
    from streaming.tokens.claims import Clip
    from videos.tracks.selectors import PlayableTrack

GROUP = "text"
UNKNOWN_LANGUAGE = "und"
# Apple's names of what captions have and subtitles need not: speech, and what else there is to hear.
HEARABLE = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
_VARIANT = "#EXT-X-STREAM-INF:"


def with_text(master: str, tracks: Sequence[PlayableTrack]) -> str:
    """Return a multivariant playlist whose variants all go with the tracks."""
    if not tracks:
        return master
    lines = [
        f'{line},SUBTITLES="{GROUP}"' if line.startswith(_VARIANT) else line for line in master.splitlines()
    ]
    first = next(at for at, line in enumerate(lines) if line.startswith(_VARIANT))
    return "\n".join([*lines[:first], *_media_lines(tracks), *lines[first:]]) + "\n"


def _media_lines(tracks: Sequence[PlayableTrack]) -> list[str]:
    lines: list[str] = []
    names: set[str] = set()
    has_default = False
    for track in tracks:
        name = _unique(_name(track), names)
        is_default = track.is_default and not has_default  # a group has one at most
        has_default = has_default or is_default
        attributes = ["TYPE=SUBTITLES", f'GROUP-ID="{GROUP}"', f'NAME="{name}"']
        if track.language != UNKNOWN_LANGUAGE:
            attributes.append(f'LANGUAGE="{_quotable(track.language)}"')
        attributes += [f"DEFAULT={'YES' if is_default else 'NO'}", "AUTOSELECT=YES"]
        if track.is_forced:
            attributes.append("FORCED=YES")
        if track.kind == "captions":
            attributes.append(f'CHARACTERISTICS="{HEARABLE}"')
        lines.append(f'#EXT-X-MEDIA:{",".join(attributes)},URI="text/{track.id}/index.m3u8"')
    return lines


def _name(track: PlayableTrack) -> str:
    """Return what players show of a track: never nothing, whatever its label is made of."""
    language = _quotable(track.language) if track.language != UNKNOWN_LANGUAGE else ""
    return _quotable(track.label).strip() or language or track.kind.capitalize()


def _unique(name: str, names: set[str]) -> str:
    """Return the name, with a number where a track of the group has it already, as RFC 8216 (4.3.4.1) demands."""
    unique, number = name, 2
    while unique in names:
        unique, number = f"{name} {number}", number + 1
    names.add(unique)
    return unique


def _quotable(text: str) -> str:
    # A quoted string of RFC 8216 can't hold quotes or line ends, and has no escapes.
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", "", text).replace('"', "”")


def render_text_playlist(
    end_s: float, *, is_complete: bool, shared: Shared, planned_s: float | None = None
) -> str:
    """Render the playlist of any track of a video that can be played up to `end_s`; it grows with the video.

    `planned_s` is how long it will be: of a short one the first segment, which is listed at once, is never longer.
    """
    count = count_segments(end_s, is_complete=is_complete)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",  # of the other playlists
        f"#EXT-X-TARGETDURATION:{max(SEGMENT_S, shared.target_s)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        shared.type_line(is_complete=is_complete),
    ]
    for number in range(count):
        is_last = is_complete and number == count - 1
        duration_s = max(0.001, end_s - number * SEGMENT_S) if is_last else SEGMENT_S
        if number == 0 and planned_s:
            duration_s = planned_s  # what was listed may not change (RFC 8216, 6.2.1)
        lines += [f"#EXTINF:{min(duration_s, SEGMENT_S):.6f},", f"{number:05d}.vtt"]
    if is_complete:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def render_text_clip(
    clip: Clip, *, begin_s: Fraction, end_s: Fraction, is_complete: bool, shared: Shared
) -> str:
    """Render the playlist of any track for a clip whose picture is listed from `begin_s` to `end_s` of the video.

    It begins with the picture, so that players, which count from there in both, find the same places.
    """
    numbers = find_text_segments(clip)
    first_s = (numbers[0] + 1) * SEGMENT_S - begin_s
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(SEGMENT_S, math.ceil(first_s), shared.target_s)}",
        f"#EXT-X-MEDIA-SEQUENCE:{numbers[0]}",
        shared.type_line(is_complete=is_complete),
        clock_line(begin_s),
    ]
    for number in numbers:
        if not is_complete and (number + 1) * SEGMENT_S > end_s and number != numbers[0]:
            break  # a segment is listed when it is filled, and the first at once
        duration_s = first_s if number == numbers[0] else Fraction(SEGMENT_S)
        lines += [f"#EXTINF:{float(duration_s):.6f},", f"{number:05d}.vtt"]
    if is_complete:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"
