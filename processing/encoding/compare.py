"""Compares the beginning of encoded renditions with the source, picture by picture.

With the pictures that the encoding command kept of it: decoding the source once more, from the key frame before, took
as long as encoding a second of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import niceness_of, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import Compared, compare_argv
from processing.ffmpeg.filters import Metric
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.media import COMPARED_FRAMES, Chunk, EncodedRendition, EncodePlan, Reference, VideoPlan
from processing.source import Source

REFERENCE_NAME = "reference.yuv"
REPORT_BITRATE_BPS = 1_000_000
# To the bracket behind it: of a report that met a full disk, the last number may be half there.
_SSIM = re.compile(r"^n:\d+ .*\bAll:([0-9.]+|inf|-?nan) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is encoded and compared, and where the programs may write."""

    source: Source
    plan: EncodePlan
    chunk: Chunk
    work_dir: Path
    encoding: EncodingSettings
    heartbeat: Callable[[], None]
    frames: int = COMPARED_FRAMES  # at the chunk's beginning; no more than are in its first segment

    @property
    def video(self) -> VideoPlan:
        """The picture's plan. Raises: ValueError where there is none."""
        if self.plan.video is None:
            message = "this plan has no video"
            raise ValueError(message)
        return self.plan.video

    @property
    def reference(self) -> Reference:
        """What the encoding command keeps of the source's pictures; the caller's to remove."""
        frames = min(self.frames, self.chunk.end_frame - self.chunk.first_frame, self.video.segment_frames)
        largest = self.video.rung(self.chunk.rung_names[0])
        return Reference(self.work_dir / REFERENCE_NAME, largest, frames)


def compare(what: Comparison, renditions: Sequence[EncodedRendition], *, metric: Metric) -> dict[str, float]:
    """Return the mean score of each rendition's first pictures, compared with the reference that must be there.

    SSIM and likeness are 0 to 1 (Wang et al., 2004), VMAF 0 to 100.
    Raises: EncodeUnverified when the pictures can't be compared; ToolTimedOut; whatever the heartbeat raises.
    """
    if not renditions:
        return {}
    reference = what.reference
    _require_whole(reference)
    compared = []
    for rendition in renditions:
        encoded = _first_segment(rendition, what.work_dir)
        rung = what.video.rung(rendition.name)
        compared.append(Compared(rung, encoded, report=encoded.with_suffix(f".{metric}")))
    budget = plan_budget(
        duration_s=float(reference.frames / what.video.frame_rate),
        bitrate_bps=REPORT_BITRATE_BPS,
        memory_bytes=what.encoding.max_memory_bytes,
        niceness=niceness_of(what.chunk.priority, is_playable=what.plan.copy is not None),
    )
    run_ffmpeg(
        compare_argv(usable_ffmpeg(what.encoding.ffmpeg), reference, compared, metric=metric),
        files=Files(writes=(what.work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=what.heartbeat,
    )
    scores = {one.rung.name: read_report(one.report, metric) for one in compared}
    for one in compared:
        one.encoded.unlink(missing_ok=True)
        one.report.unlink(missing_ok=True)
    return scores


def has_reference(what: Comparison) -> bool:
    """Tell whether the encoding command has written all of the source's pictures to compare with."""
    return _kept_bytes(what.reference) == what.reference.size_bytes


def _kept_bytes(reference: Reference) -> int:
    return reference.path.stat().st_size if reference.path.exists() else 0


def _require_whole(reference: Reference) -> None:
    """Check that all pictures are there: compared with fewer, those that are missing would count as good."""
    found = _kept_bytes(reference)
    if found != reference.size_bytes:
        message = (
            f"Of the source's pictures to compare with, {found} of {reference.size_bytes} bytes were kept."
        )
        raise EncodeUnverified(message)


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
