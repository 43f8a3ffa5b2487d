"""How near an encode is to its source (VMAF and SSIM at the source's size), and bits at equal quality."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from processing.media import VideoPlan
from tests.benchmarks.measured import run_ffmpeg


@dataclass(frozen=True, slots=True)
class Point:
    """One encode of one rung."""

    crf: float
    size_bytes: int
    vmaf: float
    ssim: float


def measure(encoded: Path, source: Path, video: VideoPlan, *, crf: float) -> Point:
    """Compare an encode with its source, scaled up to the source's size as a screen does."""
    size = f"{video.rungs[0].width}:{video.rungs[0].height}"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "vmaf.json"
        # Both are said to be of one colour space: where one tells and the other doesn't, ffmpeg converts, and luma changes.
        same = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,setpts=N/24/TB"
        graph = (
            f"[0:v]{same},scale={size}:flags=bicubic,format=yuv420p[a];[1:v]{same},format=yuv420p[b];"
            f"[a][b]libvmaf=n_threads=2:log_fmt=json:log_path={log}:feature=name=float_ssim"
        )
        run_ffmpeg("-i", encoded, "-i", source, "-lavfi", graph, "-f", "null", "-")
        pooled = json.loads(log.read_text())["pooled_metrics"]
    return Point(crf, encoded.stat().st_size, pooled["vmaf"]["mean"], pooled["float_ssim"]["mean"])


def at_vmaf(points: Sequence[Point], vmaf: float) -> Point:
    """Return the encode that would have this VMAF, between (or beyond) the measured ones; sizes grow by the logarithm."""
    return _between(points, vmaf, by="vmaf")


def at_ssim(points: Sequence[Point], ssim: float) -> Point:
    """The same for an SSIM."""
    return _between(points, ssim, by="ssim")


def _between(points: Sequence[Point], wanted: float, *, by: str) -> Point:
    pairs = list(pairwise(sorted(points, key=lambda point: float(getattr(point, by)))))
    low, high = next((pair for pair in pairs if wanted <= getattr(pair[1], by)), pairs[-1])
    span = getattr(high, by) - getattr(low, by)
    share = (wanted - getattr(low, by)) / span if span else 0.0
    size = math.exp(math.log(low.size_bytes) + share * (math.log(high.size_bytes) - math.log(low.size_bytes)))
    return Point(
        low.crf + share * (high.crf - low.crf),
        round(size),
        low.vmaf + share * (high.vmaf - low.vmaf),
        low.ssim + share * (high.ssim - low.ssim),
    )
