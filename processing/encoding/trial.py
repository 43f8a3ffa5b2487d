"""Encodes short samples of a video, to learn how hard its pictures are before the bulk is encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.compare import Comparison, compare
from processing.encoding.encode_chunk import encode_rungs
from processing.ffmpeg.capabilities import get_capabilities
from processing.ladder.adapt import TRIAL_STEP, Trial, trial_rung
from processing.media import EncodedRendition, EncodePlan, VideoPlan
from processing.packaging.fragments import read_fragment
from processing.source import Source


def try_samples(
    source: Source,
    plan: EncodePlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Trial:
    """Encode the plan's samples into `work_dir` and return what they show; without VMAF in this ffmpeg, no scores.

    Raises: what `encode_rungs` and `compare` raise.
    """
    video = plan.video
    if video is None or not video.samples:
        message = "this plan has no samples"
        raise ValueError(message)
    rung = trial_rung(video)
    coarser = replace(rung, name=f"{rung.name}coarser", crf=rung.crf + TRIAL_STEP)
    tried = replace(plan, video=replace(video, rungs=(rung, coarser)))
    rates: list[float] = []
    scores: list[tuple[float, float]] = []
    for number, sample in enumerate(video.samples):
        folder = work_dir / f"sample-{sample.index}"
        folder.mkdir()
        chunk = replace(sample, rung_names=(rung.name, coarser.name))
        frames = sample.end_frame - sample.first_frame
        what = Comparison(source, tried, chunk, folder, encoding, heartbeat, frames)
        both = encode_rungs(what)
        rates.append(_bitrate_bps(both[0], video))
        if get_capabilities(encoding.ffmpeg).has_vmaf:
            found = compare(what, both, metric="vmaf")
            scores.append((found[rung.name], found[coarser.name]))
        what.reference.path.unlink(missing_ok=True)
        on_progress((number + 1) / len(video.samples))
    return Trial(round(mean(rates)), tuple(scores))


def _bitrate_bps(rendition: EncodedRendition, video: VideoPlan) -> float:
    """Return what a whole segment like this sample would take: its key frame once, the others as often as they come."""
    samples = [
        sample
        for segment in rendition.segments
        for sample in read_fragment(segment.path.read_bytes()).samples
    ]
    key_bytes = mean(sample.size_bytes for sample in samples if sample.is_key)
    others = [sample.size_bytes for sample in samples if not sample.is_key]
    segment_bytes = key_bytes + (mean(others) * (video.segment_frames - 1) if others else 0)
    return float(segment_bytes * 8 * video.frame_rate / video.segment_frames)
