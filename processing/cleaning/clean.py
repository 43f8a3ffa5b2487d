"""Copies a source without what tells of place, device or person, and proves that nothing else is missing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gilfoyle.lib.config import Container, EncodingSettings
from gilfoyle.lib.errors import NoSpace
from processing.cleaning.found import Found, count_telling, find_difference
from processing.cleaning.hidden import count_hidden, find_telling_boxes
from processing.cleaning.look import GIVES_WAY, LookFailed, blot_out_notes, look_at
from processing.cleaning.muxing import Muxing, choose_muxings
from processing.errors import ToolFailed
from processing.ffmpeg.block_reader import open_source
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.clean_commands import CopiedStream, clean_argv
from processing.ffmpeg.runner import Files, Limits, run_ffmpeg
from processing.source import Source, source_size_bytes

HEAD_BYTES = 65_536
SPARE_BYTES = 64 * 1024 * 1024  # beyond the source: a container of ours may have a longer index
TIME_LIMIT_S = 300
SLOWEST_COPY_BPS = 5_000_000  # bytes a second
HASHED_BYTES = 4 * 1024 * 1024
OF_OURS = frozenset({"software"})  # names of handlers and of the kind of file, which every muxer writes


@dataclass(frozen=True, slots=True)
class CleanedCopy:
    """A verified copy in a scratch folder."""

    path: Path
    size_bytes: int
    sha256: str
    removed: Mapping[str, int]  # how much of each kind
    places: Mapping[int, int]  # where each of the source's streams now stands


@dataclass(frozen=True, slots=True)
class KeptAsItIs:
    """Why a source can't be copied without loss, in words that end a sentence, and what it goes on to tell."""

    reason: str
    left: Mapping[str, int] = field(default_factory=dict)


def clean_copy(
    source: Source,
    container: Container,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> CleanedCopy | KeptAsItIs:
    """Write a clean copy of the source into `work_dir`, or tell why there can't be one.

    Raises: NoSpace, ToolFailed, ToolTimedOut, ToolMissing; whatever `heartbeat` and the store of a remote source raise.
    """
    with open_source(source) as file:
        hidden = count_hidden(find_telling_boxes(file, container))
        file.seek(0)
        head = file.read(HEAD_BYTES)
    try:
        before = look_at(source, container, encoding=encoding, heartbeat=heartbeat)
    except LookFailed:
        return KeptAsItIs("it can't be read as a whole")
    left = count_telling(before, hidden)
    if before.is_damaged:
        return KeptAsItIs("a part of it can't be read", left)
    reason = "files of this kind can't be copied without loss"
    on_progress(0.3)
    for muxing in choose_muxings(container, head) if before.kept else ():
        _require_room(work_dir, source_size_bytes(source))
        target = work_dir / f"cleaned.{muxing.muxer}"
        try:
            _copy(source, container, before, muxing, target=target, encoding=encoding, heartbeat=heartbeat)
            on_progress(0.6)
            reason = _judge(target, container, before, encoding=encoding, heartbeat=heartbeat)
        except (LookFailed, ToolFailed) as error:
            if isinstance(error, ToolFailed) and error.exit_code < 0:
                raise  # somebody ended it, or a limit: that may be otherwise the next time
            reason = "what is in it can't be written into a new file of its kind"
        if not reason:
            return CleanedCopy(
                path=target,
                size_bytes=target.stat().st_size,
                sha256=_hash(target, heartbeat),
                removed=left,
                places={stream.index: number for number, stream in enumerate(before.kept)},
            )
        target.unlink(missing_ok=True)
    return KeptAsItIs(reason, left)


def _judge(
    target: Path,
    container: Container,
    before: Found,
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None],
) -> str:
    """Finish a copy, and return what speaks against it."""
    if before.notes:
        blot_out_notes(target, container, encoding=encoding, heartbeat=heartbeat)
    after = look_at(target, container, encoding=encoding, heartbeat=heartbeat)
    return find_difference(before, after) or _still_told(target, container, after)


def _copy(
    source: Source,
    container: Container,
    found: Found,
    muxing: Muxing,
    *,
    target: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None],
) -> None:
    size_bytes = source_size_bytes(source)
    time_limit_s = TIME_LIMIT_S + size_bytes / SLOWEST_COPY_BPS
    run_ffmpeg(
        clean_argv(
            usable_ffmpeg(encoding.ffmpeg),
            source,
            [CopiedStream(one.index, one.dispositions, one.kept_tags) for one in found.kept],
            container=container,
            muxer=muxing.muxer,
            options=muxing.options,
            target=target,
            encoding=encoding,
        ),
        files=Files(reads=(source,), writes=(target.parent,)),
        limits=Limits(
            memory_bytes=encoding.max_memory_bytes,
            cpu_s=round(time_limit_s),
            file_bytes=2 * size_bytes + SPARE_BYTES,  # transport streams are written with more padding
            niceness=GIVES_WAY,
        ),
        time_limit_s=time_limit_s,
        heartbeat=heartbeat,
    )


def _require_room(folder: Path, size_bytes: int) -> None:
    if shutil.disk_usage(folder).free < size_bytes + SPARE_BYTES:
        message = "There is no room for a clean copy of this source."
        raise NoSpace(message, hint="Free some space in the data folder.")


def _still_told(path: Path, container: Container, after: Found) -> str:
    with path.open("rb") as file:
        boxes = find_telling_boxes(file, container)
    told = {kind for kind in count_telling(after) if kind not in OF_OURS}
    return "its copy would still tell something about it" if told or boxes else ""


def _hash(path: Path, heartbeat: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(HASHED_BYTES):
            heartbeat()
            digest.update(piece)
    return digest.hexdigest()
