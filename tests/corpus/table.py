"""The corpus as a page of the documentation."""

from __future__ import annotations

from tests.corpus.catalogue import SOURCES
from tests.corpus.source import Played, Source

HEAD = """# Sources that are known to work

Every kind of file below is made anew and taken through the whole engine by the tests (`tests/corpus`). An accepted one
must come out with exactly the frames that are named, each in its place of an exact grid in every rendition, with its
sound within one frame of its picture, and play in ffmpeg, hls.js and Shaka Player. A refused one must be refused with
the code that is named, in words for the person who sent it.

`python -m tests.corpus make FOLDER` writes all of them into a folder; `python -m tests.corpus table` writes this page.
"""


def render() -> str:
    """Return docs/sources.md."""
    accepted = [source for source in SOURCES if isinstance(source.becomes, Played)]
    refused = [source for source in SOURCES if isinstance(source.becomes, str)]
    lines = [HEAD, f"## Accepted: {len(accepted)}", "", "| source | what is special | picture | sound |"]
    lines += ["|---|---|---|---|", *map(_accepted, accepted), "", f"## Refused: {len(refused)}", ""]
    lines += ["| source | what is special | code |", "|---|---|---|", *map(_refused, refused)]
    return "\n".join(lines) + "\n"


def _accepted(source: Source) -> str:
    assert isinstance(source.becomes, Played)
    played = source.becomes
    width, height = played.size
    frames = "1 frame" if played.frames == 1 else f"{played.frames:,} frames"
    picture = f"{frames} at {played.rate}, {width} x {height}" if played.rate else ""
    tracks = played.sounds if played.channels else 0
    return f"| {source.name} | {source.about} | {picture} | {_sound(played.channels, tracks)} |"


def _sound(channels: int, tracks: int) -> str:
    if not tracks:
        return ""
    words = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    return words if tracks == 1 else f"{tracks} x {words}"


def _refused(source: Source) -> str:
    return f"| {source.name} | {source.about} | `{source.becomes}` |"
