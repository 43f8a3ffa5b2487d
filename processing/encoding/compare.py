"""Compares the beginning of encoded renditions with the source, picture by picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import niceness_of, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import compare_argv
from processing.ffmpeg.filters import Metric
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.media import Chunk, EncodedRendition, EncodePlan
from processing.source import Source

REPORT_BITRATE_BPS = 1_000_000
# To the bracket behind it: of a report that met a full disk, the last number may be half there.
_SSIM = re.compile(r"^n:\d+ .*\bAll:([0-9.]+|inf|-?nan) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared, and where the programs may write."""

    source: Source
    plan: EncodePlan
    chunk: Chunk
    work_dir: Path
    encoding: EncodingSettings
    heartbeat: Callable[[], None]


def compare(
    what: Comparison, renditions: Sequence[EncodedRendition], *, metric: Metric, frames: int
) -> dict[str, float]:
    """Return the mean score of each rendition's first `frames` pictures (of its first segment, at most).

    SSIM and likeness are 0 to 1 (Wang et al., 2004), VMAF 0 to 100.
    Raises: EncodeUnverified when the pictures can't be compared; ToolTimedOut; whatever the heartbeat raises.
    """
    video = what.plan.video
    if video is None or not renditions:
        return {}
    first = what.chunk.first_frame
    end = min(what.chunk.end_frame, first + min(frames, video.segment_frames))
    names = tuple(rendition.name for rendition in renditions)
    chunk = replace(what.chunk, end_frame=end, rung_names=names)
    encoded = [_first_segment(rendition, what.work_dir) for rendition in renditions]
    reports = [path.with_suffix(f".{metric}") for path in encoded]
    budget = plan_budget(
        duration_s=float((end - first) / video.frame_rate),
        bitrate_bps=REPORT_BITRATE_BPS,
        memory_bytes=what.encoding.max_memory_bytes,
        niceness=niceness_of(chunk.priority, is_playable=what.plan.copy is not None),
    )
    argv = compare_argv(
        usable_ffmpeg(what.encoding.ffmpeg),
        what.source,
        what.plan,
        chunk,
        encoded=encoded,
        reports=reports,
        metric=metric,
        encoding=what.encoding,
    )
    run_ffmpeg(
        argv,
        files=Files(reads=(what.source,), writes=(what.work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=what.heartbeat,
    )
    scores = {name: read_report(report, metric) for name, report in zip(names, reports, strict=True)}
    for path in (*encoded, *reports):
        path.unlink(missing_ok=True)
    return scores


def read_report(report: Path, metric: Metric) -> float:
    """Return the mean score of a report. Raises: EncodeUnverified when it holds none."""
    text = report.read_text(encoding="ascii", errors="replace") if report.exists() else ""
    scores = _vmaf_scores(text) if metric == "vmaf" else [float(score) for score in _SSIM.findall(text)]
    if not scores:
        message = "What was encoded shows no picture that could be compared with the source."
        raise EncodeUnverified(message)
    return sum(scores) / len(scores)


def _vmaf_scores(text: str) -> list[float]:
    try:
        frames = json.loads(text)["frames"]
        return [float(frame["metrics"]["vmaf"]) for frame in frames]
    except (ValueError, KeyError, TypeError):
        return []


def _first_segment(rendition: EncodedRendition, work_dir: Path) -> Path:
    path = work_dir / f"{rendition.name}.sample.mp4"
    path.write_bytes(rendition.init + rendition.segments[0].path.read_bytes())
    return path
