"""Looks into a stored source: what it is, or why it can't be accepted."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gilfoyle.lib.config import Container, EncodingSettings, UploadSettings
from processing.errors import SourceTruncated, ToolFailed, ToolTimedOut
from processing.ffmpeg.block_reader import open_source
from processing.ffmpeg.formats import AUDIO_DECODERS, DEMUXERS, MAX_AUDIO_STREAMS, MAX_STREAMS, VIDEO_DECODERS
from processing.ffmpeg.runner import Files, Limits, run_script
from processing.media import MediaInfo
from processing.probing.acceptance import (
    damaged,
    require_accepted_container,
    require_readable,
    require_within_limits,
)
from processing.probing.completeness import require_complete
from processing.probing.parse import parse_probe
from processing.probing.sniff import HEAD_BYTES, audio_tag_bytes, sniff_container
from processing.source import RemoteSource, Source, source_options, source_size_bytes, source_url

CHILD = Path(__file__).with_name("child.py")
TIME_LIMIT_S = 60
SLOWEST_READ_BPS = 20_000_000  # bytes a second; the whole file is read once for its index
OUTPUT_BYTES = 16 * 1024 * 1024  # what the child writes to files: nothing, but a limit must be a number


def probe_source(
    source: Source,
    *,
    upload: UploadSettings,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> MediaInfo:
    """Return what `source` is.

    Raises: SourceRejected (one of its kinds), ToolTimedOut; whatever `heartbeat` and the store of a remote source raise.
    """
    size_bytes = source_size_bytes(source)
    container = _sniff(source, size_bytes)
    require_accepted_container(container, upload)
    document = _ask_child(source, container, encoding, size_bytes, heartbeat)
    require_readable(document, encoding)
    info = parse_probe(document, container=container, size_bytes=size_bytes)
    require_within_limits(info, upload=upload, encoding=encoding)
    return info


def _sniff(source: Source, size_bytes: int) -> Container:
    with open_source(source) as file:
        head = file.read(HEAD_BYTES)
        tag_bytes = audio_tag_bytes(head)
        if tag_bytes:
            file.seek(tag_bytes)
            head = file.read(HEAD_BYTES).lstrip(b"\0")  # tags are often followed by padding
            if not head:
                raise _nothing_after_tag()
        container = sniff_container(head)
        require_complete(file, container, size_bytes)
    return container


def _nothing_after_tag() -> SourceTruncated:
    return SourceTruncated("The file is incomplete: it holds a title, but no sound.")


def _ask_child(
    source: Source,
    container: Container,
    encoding: EncodingSettings,
    size_bytes: int,
    heartbeat: Callable[[], None],
) -> dict[str, Any]:
    request = {
        "url": source_url(source if isinstance(source, RemoteSource) else source.absolute()),
        "options": source_options(source),
        "size_bytes": size_bytes,
        "demuxer": DEMUXERS[container],
        "video_decoders": VIDEO_DECODERS,
        "audio_decoders": AUDIO_DECODERS,
        "max_pixels": encoding.max_pixels,
        "max_streams": MAX_STREAMS,
        "max_audio_streams": MAX_AUDIO_STREAMS,
    }
    time_limit_s = TIME_LIMIT_S + size_bytes / SLOWEST_READ_BPS
    limits = Limits(
        memory_bytes=encoding.max_memory_bytes, cpu_s=round(time_limit_s), file_bytes=OUTPUT_BYTES
    )
    try:
        document: dict[str, Any] = run_script(
            CHILD,
            request,
            files=Files(reads=(source, CHILD)),
            limits=limits,
            time_limit_s=time_limit_s,
            heartbeat=heartbeat,
        )
    except ToolTimedOut:
        raise
    except ToolFailed as error:
        # The child catches what libraries report; if it died, the file killed it.
        if isinstance(source, RemoteSource) or os.access(source, os.R_OK):
            raise damaged(detail=f"exit code {error.exit_code}: {error.stderr_tail[-300:]}") from error
        raise
    return document
