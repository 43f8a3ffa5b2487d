"""Encodes one chunk: all of its rungs in one decode, split into segments and verified. Nothing is stored here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.compare import Comparison, compare, has_reference
from processing.encoding.growing_chunk import NOBODY, GrowingRung, Listeners, Offer
from processing.errors import EncodeUnverified, ToolFailed, ToolTimedOut
from processing.ffmpeg.budget import niceness_of, plan_budget, threads_of
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import chunk_argv
from processing.ffmpeg.further_codecs import ENCODERS
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ladder.further import EFFORT
from processing.media import Chunk, EncodedRendition, EncodePlan
from processing.probing.damage import is_ours, speaks_of_damage
from processing.source import Source

# Below the first, the picture is another one or grain in few bits; tiny versions, without the grain, tell which.
FLOOR_SSIM, FLOOR_LIKENESS = 0.5, 0.6


def encode_chunk(
    source: Source,
    plan: EncodePlan,
    chunk: Chunk,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
    tell: Listeners = NOBODY,
) -> tuple[EncodedRendition, ...]:
    """Encode `chunk` into `work_dir` (the caller's to remove; nothing in it is named like a rung); one result a rung, in the chunk's order.

    `heartbeat` is called about ten times a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    What `tell.on_parts` was given is not in the result; where rungs may be left out, it is given nothing.
    Raises: ToolFailed, ToolTimedOut, ToolMissing; EncodeUnverified when a rung is unfit and nobody is to be told;
    whatever `heartbeat` and `on_parts` raise.
    """
    what = Comparison(source, plan, chunk, work_dir, encoding, heartbeat)
    unfit = dict[str, EncodeUnverified]()
    may_offer = tell.on_unfit is None
    offer = Offer(tell.on_parts, partial(_early_scores, what)) if tell.on_parts and may_offer else None
    taken = encode_rungs(what, on_progress=on_progress, unfit=unfit, offer=offer)
    if offer and offer.scores is not None:
        fit, unlike = _with_scores(taken, offer.scores), dict[str, EncodeUnverified]()
    else:
        fit, unlike = _compared(taken, what)
    what.reference.path.unlink(missing_ok=True)
    unfit |= unlike
    for name, why in unfit.items():
        if tell.on_unfit is None:
            raise why
        tell.on_unfit(name, why)
    return fit


def encode_rungs(
    what: Comparison,
    *,
    on_progress: Callable[[float], None] = lambda _share: None,
    unfit: dict[str, EncodeUnverified] | None = None,
    offer: Offer | None = None,
) -> tuple[EncodedRendition, ...]:
    """Encode the rungs of a chunk, keep the reference, check the frames against the plan, and compare no picture.

    Rungs that are not as planned are written into `unfit`. `offer` looks at the segments as they come.
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

    growing = [
        GrowingRung(target, rung, video, chunk, folder=work_dir / rung.name)
        for target, rung in zip(targets, rungs, strict=True)
    ]

    def beat() -> None:
        what.heartbeat()
        if offer:
            offer.look(growing)

    def report(progress: Progress) -> None:
        on_progress(min(1.0, progress.frame / frames))

    said = run_ffmpeg(
        chunk_argv(
            ffmpeg, what.source, what.plan, chunk, targets=targets, encoding=encoding, reference=reference
        ),
        files=Files(reads=(what.source,), writes=(work_dir,)),
        limits=limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=beat,
        on_progress=report,
    )
    is_doubtful = speaks_of_damage(said, has_sought=chunk.seek_s is not None)
    taken = []
    for one in growing:
        try:
            one.finish()
        except EncodeUnverified as error:
            if unfit is None:
                raise
            unfit[one.name] = error
        else:
            taken.append(replace(one.take_rest(), is_doubtful=is_doubtful))
    return tuple(taken)


def _early_scores(what: Comparison, begun: Sequence[EncodedRendition]) -> Mapping[str, float] | None:
    """Score what is there of each rung; None as long as the pictures to compare with are not all written.

    Raises: EncodeUnverified for a rung that shows others.
    """
    if not has_reference(what):
        return None
    fit, unlike = _compared(begun, what)
    for why in unlike.values():
        raise why
    return {one.name: one.ssim for one in fit if one.ssim is not None}


def _with_scores(
    taken: Sequence[EncodedRendition], scores: Mapping[str, float]
) -> tuple[EncodedRendition, ...]:
    return tuple(replace(one, ssim=scores[one.name]) for one in taken)


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
