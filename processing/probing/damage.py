"""Tells, after a step has failed, whether the source is to blame: the stretch is decoded alone, strictly."""

from __future__ import annotations

import signal
from collections.abc import Callable
from fractions import Fraction

from gilfoyle.lib.config import EncodingSettings
from processing.errors import EncodeUnverified, SourceRejected, ToolFailed, ToolTimedOut
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import decode_argv
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.media import AudioPlan, Chunk, EncodePlan, Stretch, VideoPlan
from processing.probing.acceptance import damaged_at, too_demanding
from processing.source import Source

# What ffmpeg says when this machine is to blame: nothing is learned of the source then.
OURS = (
    "No space left on device",
    "Too many open files",
    "Permission denied",
    "No such file or directory",
    "Resource temporarily unavailable",
)
# Killed by the system or its operator; ffmpeg itself ends with 255 when it is asked to.
KILLED = (-signal.SIGKILL, -signal.SIGTERM, 255)
# Said of streams that nobody reads, since their decoders are shut.
OF_OTHERS = ("not on whitelist",)
# Said after a seek of what the first pictures refer to: in an open group it lies before, and they are not shown.
OF_WHAT_LIES_BEFORE = (
    "mmco: unref short failure",
    "co located POCs unavailable",
    "reference picture missing during reorder",
    "Missing reference picture",
    "Could not find ref with POC",
    "Error constructing the frame RPS",
)
NO_MEMORY = "Cannot allocate memory"


def stretch_of_chunk(plan: VideoPlan, chunk: Chunk) -> Stretch:
    """Return what of the source a chunk is made of."""
    return Stretch(
        stream_index=plan.stream_index,
        is_sound=False,
        seek_s=chunk.seek_s,
        begins_s=plan.zero_s + chunk.first_frame / plan.frame_rate,
        end_s=plan.zero_s + chunk.end_frame / plan.frame_rate,
    )


def stretch_of_sound(plan: AudioPlan) -> Stretch:
    """Return what of the source a sound is made of."""
    return Stretch(
        stream_index=plan.stream_index,
        is_sound=True,
        seek_s=None,
        begins_s=plan.zero_s,
        end_s=plan.zero_s + plan.duration_s,
    )


def find_damage(
    source: Source,
    plan: EncodePlan,
    stretch: Stretch,
    *,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> SourceRejected | None:
    """Return how to refuse a source that does not decode cleanly in `stretch`; None where it does.

    Raises: ToolMissing; whatever `heartbeat` raises.
    """
    begins_s = stretch.begins_s if stretch.seek_s is None else stretch.seek_s
    reached_s = float(begins_s)

    def note(progress: Progress) -> None:
        nonlocal reached_s
        reached_s = max(reached_s, progress.out_time_s)

    budget = plan_budget(
        duration_s=float(stretch.end_s - begins_s), bitrate_bps=0, memory_bytes=encoding.max_memory_bytes
    )
    try:
        run_ffmpeg(
            decode_argv(usable_ffmpeg(encoding.ffmpeg), source, plan, stretch, encoding=encoding),
            files=Files(reads=(source,)),
            limits=budget.limits,
            time_limit_s=budget.time_limit_s,
            heartbeat=heartbeat,
            on_progress=note,
        )
    except ToolTimedOut as error:
        return too_demanding(detail=error.message)
    except ToolFailed as error:
        if is_ours(error):
            return None
        if NO_MEMORY in error.stderr_tail:
            return too_demanding(detail=error.stderr_tail)
        at_s = max(Fraction(reached_s) - _zero_s(plan, stretch), Fraction(0))
        return damaged_at(float(at_s), detail=error.stderr_tail)
    return None


def _zero_s(plan: EncodePlan, stretch: Stretch) -> Fraction:
    return plan.video.zero_s if plan.video else stretch.begins_s


def speaks_of_damage(said: str, *, has_sought: bool) -> bool:
    """Tell whether ffmpeg, which ended well, complained of what it decoded: it conceals what it can, and goes on."""
    harmless = (*OF_OTHERS, *(OF_WHAT_LIES_BEFORE if has_sought else ()))
    # What has no bracket is the rest of a line that was cut off, or counts how often another was said.
    lines = (line for line in said.splitlines() if line.startswith("["))
    return any(not any(words in line for words in harmless) for line in lines)


def is_ours(error: ToolFailed | EncodeUnverified) -> bool:
    """Tell whether a failure says by itself that the machine is to blame."""
    if not isinstance(error, ToolFailed):
        return False
    return error.exit_code in KILLED or any(words in error.stderr_tail for words in OURS)
