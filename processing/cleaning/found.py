"""What a look at a file found, and what of it tells of place, device or person. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from processing.text.telemetry import is_telemetry
from videos.tracks.cues import Cue

# In the order in which they are told.
KINDS = (
    "location", "device", "dates", "names", "software", "other_tags", "chapters", "pictures", "positions", "data_tracks",
    "attachments", "camera_notes", "hidden_boxes",
)  # fmt: skip
LENGTH_TOLERANCE_S = 0.1  # of the last picture or sound: all others are compared exactly
KEPT_TYPES = ("video", "audio", "subtitle")

# Parts of a tag's name, the first that fits: containers, makers and tools each have spellings of their own.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("location", ("location", "gps", "geo", "latitude", "longitude", "altitude", "iso6709", "xyz", "loci", "country", "city")),
    ("device", ("make", "model", "device", "camera", "lens", "serial", "firmware", "android", "firm", "imei", "timecode", "reel")),
    ("dates", ("date", "time", "year", "day")),
    ("software", ("encoder", "encoded", "software", "tool", "handler", "vendor", "writing", "muxing", "application", "isft",
                  "build", "compatible_brands", "statistics")),
    ("names", ("title", "artist", "author", "album", "comment", "description", "synopsis", "copyright", "performer", "composer",
               "publisher", "director", "producer", "name", "owner", "keyword", "genre", "lyrics", "show", "episode", "track",
               "organi", "actor", "cast", "studio", "user", "mail", "url", "contact", "creator", "originator", "subject")),
)  # fmt: skip
# What containers say of themselves; a cleaned file has it too.
_STRUCTURE = frozenset(
    {"language", "alpha_mode", "stereo_mode", "major_brand", "minor_version", "compatible_brands", "duration", "bps",
     "number_of_frames", "number_of_bytes", "variant_bitrate"}
)  # fmt: skip
_NEUTRAL = {"handler_name": "software", "_statistics_writing_date_utc": "dates"}


@dataclass(frozen=True, slots=True)
class FoundStream:
    """One stream of a file."""

    index: int
    type: str
    codec: str
    is_cover: bool
    dispositions: tuple[str, ...]
    tags: tuple[str, ...]  # their names alone
    kept_tags: Mapping[str, str]
    packets: int
    digest: str  # of all packets with their times
    properties: tuple[Any, ...]
    picture: tuple[str, ...]
    end_s: float | None
    notes: int  # of a camera, among the units of its picture
    texts: tuple[str, ...]

    @property
    def tells_positions(self) -> bool:
        """Whether it is a text in which a camera wrote where it was."""
        return bool(self.texts) and is_telemetry([Cue(0, 0, text) for text in self.texts])

    @property
    def is_kept(self) -> bool:
        """Whether a cleaned file has it: picture, sound or subtitles."""
        return self.type in KEPT_TYPES and not self.is_cover and self.packets > 0 and not self.tells_positions


@dataclass(frozen=True, slots=True)
class Found:
    """All of a file."""

    tags: tuple[str, ...]
    chapters: int
    is_damaged: bool
    streams: tuple[FoundStream, ...]

    @property
    def kept(self) -> tuple[FoundStream, ...]:
        return tuple(stream for stream in self.streams if stream.is_kept)

    @property
    def notes(self) -> int:
        return sum(stream.notes for stream in self.kept)


def parse_found(document: Mapping[str, Any]) -> Found:
    """Return what the document says.

    Raises: KeyError, TypeError when it is not one of our child.
    """
    return Found(
        tags=tuple(document["tags"]),
        chapters=document["chapters"],
        is_damaged=bool(document["problem"]),
        streams=tuple(map(_parse_stream, document["streams"])),
    )


def _parse_stream(stream: Mapping[str, Any]) -> FoundStream:
    facts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stream.items()
    }
    return FoundStream(**facts)


def kind_of_tag(name: str) -> str:
    """Return what a tag of this name is about; "" where it is about the container itself."""
    if name in _STRUCTURE:
        return ""
    # "location-eng", "BPS-eng": a language may follow; "com.apple.quicktime.make": the last word counts.
    last = _NEUTRAL.get(name) or name.removeprefix("com.apple.quicktime.")
    if last in KINDS:
        return last
    if last.rpartition("-")[0] in _STRUCTURE:
        return ""
    for kind, words in _WORDS:
        if any(word in last for word in words):
            return kind
    return "other_tags"


def count_telling(found: Found, hidden: int = 0) -> dict[str, int]:
    """Count what a file tells beside picture, sound and subtitles, by kind; nothing that is said leaves in it."""
    counts: Counter[str] = Counter()
    for name in (*found.tags, *(name for stream in found.streams for name in stream.tags)):
        counts[kind_of_tag(name)] += 1
    counts["chapters"] = found.chapters
    counts["camera_notes"] = found.notes
    counts["hidden_boxes"] = hidden
    for stream in found.streams:
        counts["pictures"] += stream.is_cover
        counts["positions"] += not stream.is_cover and stream.tells_positions
        counts["attachments"] += stream.type == "attachment" and not stream.is_cover
        counts["data_tracks"] += stream.type not in (*KEPT_TYPES, "attachment")
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def find_difference(before: Found, after: Found) -> str:
    """Return in words how a cleaned file differs from the original in what is kept; "" where it does not."""
    wanted, made = before.kept, after.streams
    if before.is_damaged or after.is_damaged:
        return "a part of it can't be read"
    if [stream.type for stream in wanted] != [stream.type for stream in made]:
        return "its copy would not have the same streams"
    for one, other in zip(wanted, made, strict=True):
        if difference := _difference(one, other):
            return difference
    return "it holds notes of a camera that can't be blotted out in this kind of file" if after.notes else ""


def _difference(one: FoundStream, other: FoundStream) -> str:
    what = {"video": "picture", "audio": "sound", "subtitle": "subtitles"}[one.type]
    if (one.codec, one.packets, one.digest) != (other.codec, other.packets, other.digest):
        return f"the {what} or its times would not stay the same to the last byte"
    if abs((one.end_s or 0) - (other.end_s or 0)) > LENGTH_TOLERANCE_S:
        return f"the {what} would not last as long"
    if (one.properties, one.picture) != (other.properties, other.picture):
        return f"the {what} would lose how it is to be shown or heard"
    if _words(one) != _words(other) or _languages(one) != _languages(other):
        return f"the {what} would lose its language or what it is for"
    return ""


def _words(stream: FoundStream) -> Collection[str]:
    return sorted(stream.dispositions)


def _languages(stream: FoundStream) -> Mapping[str, str]:
    return {name: value for name, value in stream.kept_tags.items() if value not in {"", "und"}}
