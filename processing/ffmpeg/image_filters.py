"""Filter chains of pictures: candidates for a poster, the poster in each format, tiles, previews. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.filters import FilterStep

Size = tuple[int, int]


def candidate_steps(*, size: Size, zero_s: Fraction, rate: Fraction | None) -> tuple[FilterStep, ...]:
    """Return the chain from any pictures to small gray ones; with `rate`, so many a second counted from zero."""
    steps = () if rate is None else (_from_zero(zero_s), *_at_rate(rate))
    # Full range, so that black is 0 whatever the source's range is.
    gray = (FilterStep("format", (("pix_fmts", "gray"),)),)
    return (*steps, _scaled(size, matrix="smpte170m", color_range="pc"), *gray)


def format_steps(picture_format: ImageFormat, size: Size) -> tuple[FilterStep, ...]:
    """Return the chain from a picture in any colours to what a format's encoder takes."""
    # What hangs on a source's frames (profiles, Exif, mastering of HDR) would be written as metadata.
    bare = FilterStep("sidedata", (("mode", "delete"),))
    return (bare, *{"jpeg": jpeg_steps, "webp": webp_steps, "avif": _avif_steps}[picture_format](size))


def jpeg_steps(size: Size) -> tuple[FilterStep, ...]:
    # JFIF knows one matrix and one range, and viewers take every file for that.
    return (_scaled(size, matrix="smpte170m", color_range="pc"), *_as("yuvj420p", "smpte170m", "pc"))


def webp_steps(size: Size) -> tuple[FilterStep, ...]:
    # WebP knows one matrix too; from RGB its library makes it right by itself.
    return (_scaled(size, matrix="bt709", color_range="tv"), FilterStep("format", (("pix_fmts", "bgra"),)))


def _avif_steps(size: Size) -> tuple[FilterStep, ...]:
    return (_scaled(size, matrix="bt709", color_range="tv"), *_as("yuv420p", "bt709", "tv"))


def tile_steps(
    *, size: Size, grid: Size, rate: Fraction | None, least_gap_s: Fraction
) -> tuple[FilterStep, ...]:
    """Return the chain that puts pictures as tiles on sheets of columns x rows.

    With `rate` so many a second; without, every key frame that comes at least `least_gap_s` after the last tile.
    """
    apart = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{float(least_gap_s):.6f})"
    chosen = (FilterStep("select", (("expr", apart),)),) if rate is None else _at_rate(rate)
    layout = FilterStep("tile", (("layout", f"{grid[0]}x{grid[1]}"),))
    return (*chosen, *jpeg_steps(size), layout)


def preview_steps(
    *, size: Size, rate: int, scenes: Sequence[tuple[Fraction, Fraction]]
) -> tuple[FilterStep, ...]:
    """Return the chain that shows the scenes, from start to before end, one right after the other."""
    within = "+".join(f"gte(t,{float(start):.6f})*lt(t,{float(end):.6f})" for start, end in scenes)
    return (
        *_at_rate(Fraction(rate)),
        FilterStep("select", (("expr", within),)),
        FilterStep("setpts", (("expr", f"N/{rate}/TB"),)),
        *webp_steps(size),
    )


def _from_zero(zero_s: Fraction) -> FilterStep:
    return FilterStep("setpts", (("expr", f"PTS-({zero_s.numerator}/{zero_s.denominator})/TB"),))


def _at_rate(rate: Fraction) -> tuple[FilterStep, ...]:
    # Rounded up: what is shown at a moment is the last picture that has come by then.
    text = f"{rate.numerator}/{rate.denominator}"
    return (FilterStep("fps", (("fps", text), ("round", "up"), ("start_time", 0))),)


def _scaled(size: Size, *, matrix: str, color_range: str) -> FilterStep:
    options = (
        ("w", size[0]),
        ("h", size[1]),
        ("flags", "bicubic"),
        ("out_color_matrix", matrix),
        ("out_range", color_range),
    )
    return FilterStep("scale", options)


def _as(pixel_format: str, matrix: str, color_range: str) -> tuple[FilterStep, ...]:
    tags = (
        ("range", color_range),
        ("color_primaries", "bt709"),
        ("color_trc", "bt709"),
        ("colorspace", matrix),
    )
    return (
        FilterStep("setsar", (("sar", 1),)),
        FilterStep("format", (("pix_fmts", pixel_format),)),
        FilterStep("setparams", tags),
    )
