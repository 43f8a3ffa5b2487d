"""Encodes one chunk: all of its rungs in one decode, split into segments and verified. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.verify import require_planned_frames, require_planned_init
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import chunk_argv
from processing.ffmpeg.further_codecs import ENCODERS
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ladder.codec_strings import video_codec_string
from processing.media import Chunk, EncodedRendition, EncodedSegment, EncodePlan, Rung, VideoPlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.split import SplitFile, split_video
from processing.source import Source

# What makes a video playable goes before what only improves it, also on a machine that does both at once.
NICENESS_STEP, MOST_NICENESS = 5, 10


def encode_chunk(
    source: Source,
    plan: EncodePlan,
    chunk: Chunk,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[EncodedRendition, ...]:
    """Encode `chunk` into `work_dir` (the caller's to remove; nothing in it is named like a rung); one result a rung, in the chunk's order.

    `heartbeat` is called about twice a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` raises.
    """
    video = plan.video
    if video is None:
        message = "this plan has no video"
        raise ValueError(message)
    rungs = [video.rung(name) for name in chunk.rung_names]
    targets = [work_dir / f"{rung.name}.mp4" for rung in rungs]
    frames = chunk.end_frame - chunk.first_frame
    ffmpeg = usable_ffmpeg(encoding.ffmpeg, encoders={ENCODERS[rung.codec] for rung in rungs})
    budget = plan_budget(
        duration_s=float(frames / video.frame_rate),
        bitrate_bps=max(rung.max_bitrate_bps for rung in rungs),
        memory_bytes=encoding.max_memory_bytes,
        niceness=min(MOST_NICENESS, NICENESS_STEP * chunk.priority),
    )

    def report(progress: Progress) -> None:
        on_progress(min(1.0, progress.frame / frames))

    run_ffmpeg(
        chunk_argv(ffmpeg, source, plan, chunk, targets=targets, encoding=encoding),
        files=Files(reads=(source,), writes=(work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=heartbeat,
        on_progress=report,
    )
    return tuple(
        _take_apart(target, rung, video, chunk, work_dir / rung.name)
        for target, rung in zip(targets, rungs, strict=True)
    )


def _take_apart(encoded: Path, rung: Rung, video: VideoPlan, chunk: Chunk, folder: Path) -> EncodedRendition:
    folder.mkdir()
    try:
        split = split_video(encoded, folder=folder, first_segment=chunk.first_segment)
        codec = _verified_codec(split, rung, video, chunk)
    except MalformedBox as error:
        message = f"What was encoded for {rung.name} can't be read: {error}."
        raise EncodeUnverified(message) from error
    encoded.unlink()  # its bytes now stand in the segments
    return EncodedRendition(
        name=rung.name,
        init=split.init,
        codec=codec,
        timescale=video.timescale,
        first_segment=chunk.first_segment,
        start_ticks=chunk.first_frame * video.frame_ticks,
        segments=tuple(
            EncodedSegment(segment.path, segment.fragment.duration_ticks, segment.size_bytes)
            for segment in split.segments
        ),
    )


def _verified_codec(split: SplitFile, rung: Rung, video: VideoPlan, chunk: Chunk) -> str:
    init = read_init(split.init)
    require_planned_init(init, rung, video)
    require_planned_frames([segment.fragment for segment in split.segments], rung, video, chunk)
    return video_codec_string(init.sample_entry, init.decoder_config)
