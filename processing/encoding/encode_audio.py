"""Encodes the sound of the whole source at once: cut by chunks it would have a gap at each border."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.verify import require_planned_sound
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import audio_argv
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import run_ffmpeg
from processing.ladder.codec_strings import AAC_LC
from processing.media import EncodedRendition, EncodedSegment, EncodePlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.split import regroup_audio


def encode_audio(
    source: Path,
    plan: EncodePlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> EncodedRendition:
    """Encode the plan's sound into `work_dir` (empty, the caller's to remove).

    `heartbeat` is called about twice a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    audio = plan.audio
    if audio is None:
        message = "this plan has no sound"
        raise ValueError(message)
    duration_s = float(audio.duration_s)
    encoded = work_dir / f"{audio.name}.mp4"
    budget = plan_budget(
        duration_s=duration_s, bitrate_bps=audio.bitrate_bps, memory_bytes=encoding.max_memory_bytes
    )

    def report(progress: Progress) -> None:
        on_progress(min(1.0, progress.out_time_s / duration_s))

    run_ffmpeg(
        audio_argv(usable_ffmpeg(encoding.ffmpeg), source, plan, target=encoded, encoding=encoding),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=heartbeat,
        on_progress=report,
    )
    folder = work_dir / audio.name
    folder.mkdir()
    try:
        split = regroup_audio(
            encoded,
            folder=folder,
            segment_ticks=audio.segment_s * audio.timescale,
            segment_count=math.ceil(audio.duration_s / audio.segment_s),
        )
        require_planned_sound(read_init(split.init), [s.fragment for s in split.segments], audio)
    except MalformedBox as error:
        message = f"The encoded sound can't be read: {error}."
        raise EncodeUnverified(message) from error
    encoded.unlink()  # its bytes now stand in the segments
    return EncodedRendition(
        name=audio.name,
        init=split.init,
        codec=AAC_LC,
        timescale=audio.timescale,
        first_segment=0,
        start_ticks=0,
        segments=tuple(
            EncodedSegment(segment.path, segment.fragment.duration_ticks, segment.size_bytes)
            for segment in split.segments
        ),
    )
