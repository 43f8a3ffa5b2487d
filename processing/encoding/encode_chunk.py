"""Encodes one chunk: all of its rungs in one decode, split into segments and verified. Nothing is stored here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.compare import Comparison, compare
from processing.encoding.verify import require_planned_frames, require_planned_init
from processing.errors import EncodeUnverified, ToolFailed, ToolTimedOut
from processing.ffmpeg.budget import niceness_of, plan_budget, threads_of
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import chunk_argv
from processing.ffmpeg.further_codecs import ENCODERS
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ladder.codec_strings import video_codec_string
from processing.ladder.further import EFFORT
from processing.media import Chunk, EncodedRendition, EncodedSegment, EncodePlan, Rung, VideoPlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.split import SplitFile, split_video
from processing.probing.damage import is_ours, speaks_of_damage
from processing.source import Source

# Below the first, the picture is another one or grain in few bits; tiny versions, without the grain, tell which.
FLOOR_SSIM, FLOOR_LIKENESS = 0.5, 0.6
OnUnfit = Callable[[str, EncodeUnverified], None]


def encode_chunk(
    source: Source,
    plan: EncodePlan,
    chunk: Chunk,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
    on_unfit: OnUnfit | None = None,
) -> tuple[EncodedRendition, ...]:
    """Encode `chunk` into `work_dir` (the caller's to remove; nothing in it is named like a rung); one result a rung, in the chunk's order.

    `heartbeat` is called about ten times a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    `on_unfit` is told of each rung that is not as planned, which is then left out of the result.
    Raises: ToolFailed, ToolTimedOut, ToolMissing; EncodeUnverified when a rung is unfit and nobody is to be told;
    whatever `heartbeat` raises.
    """
    what = Comparison(source, plan, chunk, work_dir, encoding, heartbeat)
    unfit = dict[str, EncodeUnverified]()
    taken = encode_rungs(what, on_progress=on_progress, unfit=unfit)
    fit, unlike = _compared(taken, what)
    what.reference.path.unlink(missing_ok=True)
    unfit |= unlike
    for name, why in unfit.items():
        if on_unfit is None:
            raise why
        on_unfit(name, why)
    return fit


def encode_rungs(
    what: Comparison,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
    unfit: dict[str, EncodeUnverified] | None = None,
) -> tuple[EncodedRendition, ...]:
    """Encode the rungs of a chunk, keep the reference, check the frames against the plan, and compare no picture.

    Rungs that are not as planned are written into `unfit`.
    Raises: as `encode_chunk`; EncodeUnverified where there is no `unfit`.
    """
    video, chunk, work_dir = what.video, what.chunk, what.work_dir
    threads = threads_of(what.encoding, cores=os.cpu_count() or 1)
    encoding = what.encoding.model_copy(update={"threads": threads})
    rungs = [video.rung(name) for name in chunk.rung_names]
    targets = [work_dir / f"{rung.name}.mp4" for rung in rungs]
    frames = chunk.end_frame - chunk.first_frame
    ffmpeg = usable_ffmpeg(encoding.ffmpeg, encoders={ENCODERS[rung.codec] for rung in rungs})
    budget = plan_budget(
        duration_s=float(frames / video.frame_rate),
        bitrate_bps=max(rung.max_bitrate_bps for rung in rungs),
        memory_bytes=encoding.max_memory_bytes,
        effort=EFFORT[video.codec_of(chunk)],
        niceness=niceness_of(chunk.priority, is_playable=what.plan.copy is not None),
    )

    reference = what.reference
    limits = replace(budget.limits, file_bytes=max(budget.limits.file_bytes, reference.size_bytes))

    def report(progress: Progress) -> None:
        on_progress(min(1.0, progress.frame / frames))

    said = run_ffmpeg(
        chunk_argv(
            ffmpeg, what.source, what.plan, chunk, targets=targets, encoding=encoding, reference=reference
        ),
        files=Files(reads=(what.source,), writes=(work_dir,)),
        limits=limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=what.heartbeat,
        on_progress=report,
    )
    is_doubtful = speaks_of_damage(said, has_sought=chunk.seek_s is not None)
    taken = []
    for target, rung in zip(targets, rungs, strict=True):
        try:
            made = _take_apart(target, rung, video, chunk, work_dir / rung.name)
            taken.append(replace(made, is_doubtful=is_doubtful))
        except EncodeUnverified as error:
            if unfit is None:
                raise
            unfit[rung.name] = error
    return tuple(taken)


def _compared(
    taken: Sequence[EncodedRendition], what: Comparison
) -> tuple[tuple[EncodedRendition, ...], dict[str, EncodeUnverified]]:
    """Return the renditions that show the source's pictures, scored, and why others are unfit."""
    try:
        scores = compare(what, taken, metric="ssim")
        unlike = [one for one in taken if scores[one.name] < FLOOR_SSIM]
        likeness = compare(what, unlike, metric="likeness")
    except ToolFailed as error:
        if isinstance(error, ToolTimedOut) or is_ours(error):
            raise  # it says nothing of what was encoded
        message = f"What was encoded can't be played: {error.stderr_tail[-300:]}"
        raise EncodeUnverified(message, argv=error.argv, stderr_tail=error.stderr_tail) from error
    fit, unfit = [], {}
    for rendition in taken:
        score = scores[rendition.name]
        if likeness.get(rendition.name, 1) >= FLOOR_LIKENESS:
            fit.append(replace(rendition, ssim=round(score, 4)))
        else:
            message = f"{rendition.name} does not show the source's picture: SSIM {score:.3f}."
            unfit[rendition.name] = EncodeUnverified(message)
    return tuple(fit), unfit


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
