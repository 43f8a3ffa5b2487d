"""Has a guarded child look at every packet of a file, or blot out what cameras hid among them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gilfoyle.lib.config import Container, EncodingSettings
from processing.cleaning.found import Found, parse_found
from processing.ffmpeg.formats import AUDIO_DECODERS, DEMUXERS, MAX_STREAMS, VIDEO_DECODERS
from processing.ffmpeg.runner import Files, Limits, run_script
from processing.source import RemoteSource, Source, source_options, source_size_bytes, source_url

CHILD = Path(__file__).with_name("child.py")
TIME_LIMIT_S = 120
SLOWEST_READ_BPS = 10_000_000  # bytes a second
GIVES_WAY = 10  # nobody waits for it


class LookFailed(Exception):
    """The child could not make anything of the file."""


def look_at(
    source: Source,
    container: Container,
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> Found:
    """Return what a file holds.

    Raises: LookFailed, ToolFailed, ToolTimedOut; whatever `heartbeat` and the store of a remote source raise.
    """
    return parse_found(_ask(source, container, encoding, heartbeat))


def blot_out_notes(
    copy: Path,
    container: Container,
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> None:
    """Overwrite, in a file of ours, the notes of cameras among the units of its picture; what is not found stays.

    Raises: LookFailed, ToolFailed, ToolTimedOut; whatever `heartbeat` raises.
    """
    _ask(copy, container, encoding, heartbeat, blot=True)


def _ask(
    source: Source,
    container: Container,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None],
    *,
    blot: bool = False,
) -> dict[str, Any]:
    size_bytes = source_size_bytes(source)
    request = {
        "url": source_url(source if isinstance(source, RemoteSource) else source.absolute()),
        "options": source_options(source),
        "demuxer": DEMUXERS[container],
        "decoders": ",".join((*VIDEO_DECODERS, *AUDIO_DECODERS)),
        "sounds_and_pictures": (*VIDEO_DECODERS, *AUDIO_DECODERS),
        "max_streams": MAX_STREAMS,
        "blot": blot,
    }
    time_limit_s = TIME_LIMIT_S + size_bytes / SLOWEST_READ_BPS
    document: dict[str, Any] = run_script(
        CHILD,
        request,
        files=Files(
            reads=(source, CHILD), writes=(source.parent,) if blot and isinstance(source, Path) else ()
        ),
        limits=Limits(
            memory_bytes=encoding.max_memory_bytes + (size_bytes if blot else 0),  # which it maps
            cpu_s=round(time_limit_s),
            file_bytes=size_bytes if blot else 0,
            niceness=GIVES_WAY,
        ),
        time_limit_s=time_limit_s,
        heartbeat=heartbeat,
    )
    if document.get("problem") == "unreadable":
        message = "The file can't be read."
        raise LookFailed(message)
    return document
