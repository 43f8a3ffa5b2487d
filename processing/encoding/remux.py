"""Cuts a source that browsers can play into segments without encoding it. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.parts import OnPart, Parts
from processing.encoding.verify import require_copied_frames, require_copied_init
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import copy_argv
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ladder.codec_strings import avc_codec_string
from processing.media import CopyPlan, EncodedRendition, EncodePlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.split import SplitSegment, VideoSplitter
from processing.source import Source

SIZES = (1, 16)


def remux(
    source: Source,
    plan: EncodePlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
    on_part: OnPart | None = None,
) -> EncodedRendition:
    """Write the source's own frames as segments into `work_dir`; return what `on_part` was not given.

    `heartbeat` is called about ten times a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` and `on_part` raise.
    """
    copy = plan.copy
    if copy is None:
        message = "this plan has no copy"
        raise ValueError(message)
    copied = work_dir / f"{copy.name}.mp4"
    duration_s = float(copy.duration_s)
    budget = plan_budget(
        duration_s=duration_s, bitrate_bps=copy.bitrate_bps, memory_bytes=encoding.max_memory_bytes
    )
    growing = _Growing(copy, copied, folder=work_dir / copy.name, on_part=on_part)

    def beat() -> None:
        heartbeat()
        growing.read_more()

    def report(progress: Progress) -> None:
        on_progress(min(1.0, progress.out_time_s / duration_s))

    run_ffmpeg(
        copy_argv(usable_ffmpeg(encoding.ffmpeg), source, plan, target=copied, encoding=encoding),
        files=Files(reads=(source,), writes=(work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=beat,
        on_progress=report,
    )
    rest = growing.finish()
    copied.unlink()  # its bytes now stand in the segments
    return rest


class _Growing:
    """The segments as ffmpeg completes them, verified before they are handed over."""

    def __init__(self, plan: CopyPlan, copied: Path, *, folder: Path, on_part: OnPart | None) -> None:
        folder.mkdir()
        self._plan = plan
        self._splitter = VideoSplitter(copied, folder=folder)
        self._parts = Parts(name=plan.name, timescale=plan.timescale, sizes=SIZES, on_part=on_part)
        self._ends_at = 0
        self._frames = 0

    def read_more(self) -> None:
        self._take(self._splitter.read_more)

    def finish(self) -> EncodedRendition:
        """Return what is left. Raises: EncodeUnverified where frames are missing."""
        self._take(self._splitter.finish)
        if self._frames != self._plan.frame_count:
            message = f"The copied {self._plan.name} has {self._frames} frames, not {self._plan.frame_count}."
            raise EncodeUnverified(message)
        return self._parts.rest()

    def _take(self, read: Callable[[], list[SplitSegment]]) -> None:
        try:
            segments = read()
            if segments and not self._parts.init:
                self._open()
        except MalformedBox as error:
            message = f"What was copied for {self._plan.name} can't be read: {error}."
            raise EncodeUnverified(message) from error
        fragments = [segment.fragment for segment in segments]
        require_copied_frames(fragments, self._plan, begins_at=self._ends_at)
        self._ends_at += sum(fragment.duration_ticks for fragment in fragments)
        self._frames += sum(len(fragment.samples) for fragment in fragments)
        self._parts.add(segments)

    def _open(self) -> None:
        init = read_init(self._splitter.init)
        require_copied_init(init, self._plan)
        self._parts.init = self._splitter.init
        self._parts.codec = avc_codec_string(init.decoder_config)
