"""Filter chains as plain steps: deinterlace, put on the frame grid, cut, tone-map, scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from processing.media import Chunk, Rung, Stretch, VideoPlan

HDR_PEAK = 10  # 1000 cd/m2, the brightest that is told apart; HLG's own, and what most of PQ is mastered for

Metric = Literal[
    "ssim", "vmaf", "likeness"
]  # likeness: SSIM of tiny versions, blind to grain and to few bits
LIKENESS_PX = 16


@dataclass(frozen=True, slots=True)
class FilterStep:
    """One filter: its name and its options in order."""

    name: str
    options: tuple[tuple[str, str | int], ...] = ()


def grid_steps(plan: VideoPlan, chunk: Chunk) -> tuple[FilterStep, ...]:
    """Return the chain that makes exactly frames [first_frame, end_frame) of the grid out of a source."""
    rate = _fraction(plan.frame_rate)
    fps: tuple[tuple[str, str | int], ...] = (("fps", rate),)
    if chunk.first_frame == 0 or chunk.fills_gaps:
        # A picture that begins late is shown from the chunk's beginning on.
        fps += (("start_time", _fraction(chunk.first_frame / plan.frame_rate) if chunk.first_frame else 0),)
    steps = [*_deinterlace(plan), *_assume_matrix(plan), _setpts(plan.zero_s), FilterStep("fps", fps)]
    if chunk.hold_frames:
        # The last picture stays while sound goes on, or while the index promises a frame that isn't there.
        steps.append(FilterStep("tpad", (("stop", chunk.hold_frames), ("stop_mode", "clone"))))
    # After `fps` the time unit is one frame, so the cut counts in frames and is exact.
    steps.append(FilterStep("trim", (("start_pts", chunk.first_frame), ("end_pts", chunk.end_frame))))
    return tuple(steps)


def cut_steps(stretch: Stretch) -> tuple[FilterStep, ...]:
    """Return the chain that ends a stretch of the source, on the source's own clock."""
    return (FilterStep("atrim" if stretch.is_sound else "trim", (("end", f"{float(stretch.end_s):.6f}"),)),)


def colour_steps(plan: VideoPlan) -> tuple[FilterStep, ...]:
    """Return the chain to opaque pictures in BT.709 colours, at the top rung's size where it is dear; nothing for ordinary sources."""
    return (*_flatten(plan), *_tone_map(plan, (plan.rungs[0].width, plan.rungs[0].height)))


def _flatten(plan: VideoPlan) -> tuple[FilterStep, ...]:
    steps: list[FilterStep] = []
    if plan.has_alpha:
        # Over black: without it the colours would show that transparent pixels hide.
        steps.append(FilterStep("premultiply", (("inplace", 1),)))
    if plan.is_gray:
        # The scaler takes all gray for full range, whatever its tags say; zscale believes them.
        steps += [FilterStep("zscale"), FilterStep("format", (("pix_fmts", "yuv420p10le"),))]
    return tuple(steps)


def _tone_map(plan: VideoPlan, size: tuple[int, int]) -> tuple[FilterStep, ...]:
    if not plan.is_hdr:
        return _narrow(plan, size)
    return (
        # HDR is in BT.2020 where nothing else is said, and zscale refuses to guess.
        FilterStep(
            "setparams", (("color_primaries", plan.primaries or "bt2020"), ("colorspace", "bt2020nc"))
        ),
        # Scaled first: tone mapping works on floating point planes and is the dearest step.
        FilterStep("zscale", (("w", size[0]), ("h", size[1]))),
        FilterStep("zscale", (("t", "linear"), ("npl", 100))),
        FilterStep("format", (("pix_fmts", "gbrpf32le"),)),
        FilterStep("zscale", (("p", "bt709"),)),
        # The peak is fixed (in units of 100 cd/m2): what a source says of its own may stand in its first chunk alone.
        FilterStep("tonemap", (("tonemap", "hable"), ("desat", 0), ("peak", HDR_PEAK))),
        FilterStep("zscale", (("t", "bt709"), ("m", "bt709"), ("r", "tv"))),
    )


def _narrow(plan: VideoPlan, size: tuple[int, int]) -> tuple[FilterStep, ...]:
    """Bring wide colours in an ordinary range of light to BT.709: shown as they are they would look pale."""
    if not plan.primaries:
        return ()
    return (
        FilterStep("zscale", (("w", size[0]), ("h", size[1]))),
        FilterStep("setparams", (("color_primaries", plan.primaries), ("color_trc", "bt709"))),
        FilterStep("zscale", (("p", "bt709"), ("m", "bt709"), ("r", "tv"))),
    )


def rung_steps(rung: Rung) -> tuple[FilterStep, ...]:
    """Return the chain that makes one rung's pictures: its size, square pixels, 8 bit 4:2:0, tagged BT.709."""
    # What hung on the source's frames (mastering of HDR, captions) stays out: it would stand in the init segments of
    # some chunks and not of others, and is no longer true.
    bare = FilterStep("sidedata", (("mode", "delete"),))
    return (*_scale(rung.width, rung.height), bare, *_plain_picture("yuv420p", "tv"))


def key_picture_steps(plan: VideoPlan, size: tuple[int, int]) -> tuple[FilterStep, ...]:
    """Return the chain from the first picture after a seek to one in ordinary colours."""
    return (*_deinterlace(plan), *_assume_matrix(plan), *_flatten(plan), *_tone_map(plan, size))


def grid_picture_steps(
    plan: VideoPlan, chunk: Chunk, frame: int, size: tuple[int, int]
) -> tuple[FilterStep, ...]:
    """Return the chain from a chunk's beginning to exactly one frame of the grid, in ordinary colours."""
    alone = replace(chunk, first_frame=frame, end_frame=frame + 1)
    return (*grid_steps(plan, alone), *_flatten(plan), *_tone_map(plan, size))


def first_step(count: int) -> FilterStep:
    """Return the filter that lets the first `count` pictures through."""
    return FilterStep("trim", (("end_frame", count),))


def plain_tags() -> FilterStep:
    """Return the filter that says of raw pictures what `rung_steps` made of them."""
    return _plain_picture("yuv420p", "tv")[-1]


def counted_steps(count: int, metric: Metric) -> tuple[FilterStep, ...]:
    """Return the chain that numbers the first `count` pictures, so that two streams are paired one by one."""
    tiny = FilterStep("scale", (("w", LIKENESS_PX), ("h", LIKENESS_PX), ("flags", "area")))
    return (
        *((tiny,) if metric == "likeness" else ()),
        first_step(count),
        FilterStep("settb", (("expr", "1/25"),)),
        FilterStep("setpts", (("expr", "N"),)),
    )


def metric_step(metric: Metric, report: Path) -> FilterStep:
    """Return the filter that compares two streams, ours first, and writes what it finds into `report`."""
    if metric == "vmaf":
        return FilterStep("libvmaf", (("log_fmt", "json"), ("log_path", str(report))))
    return FilterStep("ssim", (("stats_file", str(report)),))


def _deinterlace(plan: VideoPlan) -> list[FilterStep]:
    if not plan.is_interlaced:
        return []
    # One frame a frame, and only where a frame is marked as interlaced.
    return [FilterStep("bwdif", (("mode", "send_frame"), ("deint", "interlaced")))]


def _assume_matrix(plan: VideoPlan) -> list[FilterStep]:
    # The scaler takes untagged pictures for BT.601, which would shift the colours of high definition.
    return [FilterStep("setparams", (("colorspace", plan.assumed_matrix),))] if plan.assumed_matrix else []


def _setpts(zero_s: Fraction) -> FilterStep:
    # An exact fraction: a rounded one would put frames of long videos beside the grid.
    return FilterStep("setpts", (("expr", f"PTS-({_fraction(zero_s)})/TB"),))


def _scale(width: int, height: int) -> tuple[FilterStep, ...]:
    options = (
        ("w", width),
        ("h", height),
        # Keeps more of the picture than bicubic, also from rung to rung: 5 % fewer bits for the same VMAF.
        ("flags", "lanczos"),
        ("out_color_matrix", "bt709"),
        ("out_range", "tv"),
    )
    return (FilterStep("scale", options), FilterStep("setsar", (("sar", 1),)))


def _plain_picture(pixel_format: str, color_range: str) -> tuple[FilterStep, ...]:
    tags = (
        ("range", color_range),
        ("color_primaries", "bt709"),
        ("color_trc", "bt709"),
        ("colorspace", "bt709"),
    )
    return (FilterStep("format", (("pix_fmts", pixel_format),)), FilterStep("setparams", tags))


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
