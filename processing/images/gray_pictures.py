"""Small gray pictures of a whole source, so many a second: what its pictures are recognised by."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import EncodeUnverified, ToolFailed, ToolTimedOut
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import Reading, candidates_argv
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.media import EncodePlan
from processing.source import Source

ENOUGH = 0.9  # of the pictures, where a damaged source ends the reading


def read_gray_pictures(
    source: Source,
    plan: EncodePlan,
    *,
    rate: int,
    side_px: int,
    work_dir: Path,
    encoding: EncodingSettings,
    niceness: int = 0,
    heartbeat: Callable[[], None] = lambda: None,
) -> Path:
    """Return a file of gray pictures, square whatever the source's shape is, one after the other.

    Raises: ToolFailed, ToolTimedOut, ToolMissing; EncodeUnverified where nothing came; whatever `heartbeat` raises.
    """
    if plan.video is None:
        message = "this plan has no video"
        raise ValueError(message)
    count = math.ceil(plan.video.duration_s * rate)
    target = work_dir / "pictures.gray"
    target.unlink(missing_ok=True)
    budget = plan_budget(
        duration_s=float(plan.video.duration_s),
        bitrate_bps=side_px * side_px * 8 * rate,
        memory_bytes=encoding.max_memory_bytes,
        niceness=niceness,
    )
    argv = candidates_argv(
        usable_ffmpeg(encoding.ffmpeg),
        source,
        plan,
        Reading(seek_s=None, only_keys=False, count=count, rate=Fraction(rate)),
        target=target,
        size=(side_px, side_px),
        encoding=encoding,
    )
    try:
        run_ffmpeg(
            argv,
            files=Files(reads=(source,), writes=(work_dir,)),
            limits=budget.limits,
            time_limit_s=budget.time_limit_s,
            heartbeat=heartbeat,
        )
    except ToolTimedOut:
        raise
    except ToolFailed:
        if _came(target, side_px) < count * ENOUGH:
            raise
    if not _came(target, side_px):
        message = "No picture of this video could be decoded."
        raise EncodeUnverified(message)
    return target


def _came(target: Path, side_px: int) -> int:
    return target.stat().st_size // side_px**2 if target.exists() else 0
