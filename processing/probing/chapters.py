"""Reads the chapters of a source. They are nothing that a video fails for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import ToolFailed
from processing.ffmpeg.formats import DEMUXERS
from processing.ffmpeg.runner import Files, Limits, run_script
from processing.media import MediaInfo
from processing.source import Source, source_options, source_url

CHILD = Path(__file__).with_name("chapters_child.py")
TIME_LIMIT_S = 60
OUTPUT_BYTES = 1024 * 1024
AT_ONCE_MS = 100


@dataclass(frozen=True, slots=True)
class FoundChapter:
    """A chapter as a source names it, on the clock of the video that is made of it."""

    start_ms: int
    title: str


def read_chapters(
    source: Source,
    info: MediaInfo,
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> tuple[FoundChapter, ...]:
    """Return the chapters of a source that was probed; none where they can't be read.

    Raises: whatever `heartbeat` raises.
    """
    request = {
        "url": source_url(source.absolute() if isinstance(source, Path) else source),
        "options": source_options(source),
        "demuxer": DEMUXERS[info.container],
    }
    limits = Limits(memory_bytes=encoding.max_memory_bytes, cpu_s=TIME_LIMIT_S, file_bytes=OUTPUT_BYTES)
    files = Files(reads=(source, CHILD))
    try:
        told = run_script(
            CHILD, request, files=files, limits=limits, time_limit_s=TIME_LIMIT_S, heartbeat=heartbeat
        )
    except ToolFailed:
        return ()
    begin_ms = round(info.start_s * 1000)
    return tuple(FoundChapter(_begin(one["start_ms"] - begin_ms), one["title"]) for one in told)


def _begin(start_ms: int) -> int:
    # One that begins before picture and sound begins with them, and so does one that an encoder's first samples held up.
    return 0 if start_ms < AT_ONCE_MS else start_ms
