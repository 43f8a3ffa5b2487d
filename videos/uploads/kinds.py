"""Containers as people know them: their names, and how files of them end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gilfoyle.lib.config import Container


@dataclass(frozen=True, slots=True)
class Kind:
    """One container."""

    words: str
    endings: tuple[str, ...]
    types: tuple[str, ...] = ()  # for file dialogues of phones, which know no endings


KINDS: dict[Container, Kind] = {
    "mp4": Kind(
        "MP4 or MOV",
        (".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".m4a"),
        ("video/mp4", "video/quicktime"),
    ),
    "matroska": Kind("MKV or WebM", (".mkv", ".webm", ".mka"), ("video/webm", "video/x-matroska")),
    "mpegts": Kind("MPEG-TS", (".ts", ".m2ts", ".mts", ".m2t"), ("video/mp2t",)),
    "mpegps": Kind("MPEG", (".mpg", ".mpeg", ".vob"), ("video/mpeg",)),
    "avi": Kind("AVI", (".avi",), ("video/x-msvideo",)),
    "flv": Kind("FLV", (".flv",), ("video/x-flv",)),
    "ogg": Kind("Ogg", (".ogv", ".ogg", ".oga", ".opus"), ("video/ogg", "audio/ogg")),
    "mp3": Kind("MP3", (".mp3",), ("audio/mpeg",)),
    "wav": Kind("WAV", (".wav",), ("audio/wav",)),
    "flac": Kind("FLAC", (".flac",), ("audio/flac",)),
    "aac": Kind("AAC", (".aac",), ("audio/aac",)),
}
ALL_ENDINGS = tuple(ending for kind in KINDS.values() for ending in kind.endings)


def allowed_kinds(wanted: Sequence[str], accepted: Sequence[Container]) -> list[Kind]:
    """Return the kinds that an address takes, of those that the settings do; nothing wanted: all of these."""
    return [KINDS[name] for name in accepted if not wanted or name in wanted]


def in_words(kinds: Sequence[Kind]) -> str:
    """Return kinds as one says them: "MP4 or MOV, AVI"."""
    return "All usual ones" if len(kinds) == len(KINDS) else ", ".join(kind.words for kind in kinds)


def file_dialogue(kinds: Sequence[Kind]) -> str:
    """Return what an `accept` attribute offers."""
    general = ("video/*", "audio/*") if len(kinds) == len(KINDS) else ()
    return ",".join((*general, *(one for kind in kinds for one in (*kind.types, *kind.endings))))
