"""Pictures stand as they are meant: turned, mirrored, of square pixels and whole fields; measured on renditions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from gilfoyle.lib.config import RungSettings
from tests.clips import remux_clip, run_tool
from tests.processing.colour_patches import (
    COLOURS,
    COLUMNS,
    HEIGHT,
    ROWS,
    WIDTH,
    Colour,
    largest_difference,
    read_colours,
    write_source,
    yuv_frame,
)
from tests.processing.test_colours import BT709, ENCODING, H264, TOLERANCE
from tests.processing.whole_encode import encode_whole

Grid = list[list[Colour]]  # rows of patches
GRID: Grid = [list(COLOURS[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)]


def counterclockwise(grid: Grid) -> Grid:
    return [list(column) for column in zip(*grid, strict=True)][::-1]


def turned(times: int) -> Callable[[], Grid]:
    def turn() -> Grid:
        grid = GRID
        for _ in range(times):
            grid = counterclockwise(grid)
        return grid

    return turn


def mirrored(make: Callable[[], Grid]) -> Callable[[], Grid]:
    return lambda: [row[::-1] for row in make()]


@pytest.mark.parametrize(
    ("matrix", "wanted"),
    [
        (("-display_rotation", "90"), turned(1)),
        (("-display_rotation", "180"), turned(2)),
        (("-display_rotation", "270"), turned(3)),
        (("-display_rotation", "0", "-display_hflip"), mirrored(turned(0))),
        (("-display_rotation", "0", "-display_vflip"), mirrored(turned(2))),
        (("-display_rotation", "90", "-display_hflip"), mirrored(turned(1))),
        (("-display_rotation", "270", "-display_hflip"), mirrored(turned(3))),
    ],
)
def test_every_patch_is_where_the_display_matrix_puts_it(
    matrix: tuple[str, ...], wanted: Callable[[], Grid], tmp_path: Path
) -> None:
    plain = write_source(tmp_path / "plain.mp4", "yuv420p", yuv_frame("yuv420p"), *H264, tags=BT709)
    source = remux_clip(tmp_path / "turned.mp4", plain, input_args=matrix)
    grid = wanted()
    size = (WIDTH, HEIGHT) if len(grid) == ROWS else (HEIGHT, WIDTH)
    whole = encode_whole(source, tmp_path / "work", ENCODING)
    joined = whole.join(f"v{HEIGHT}", tmp_path / "out.mp4")
    found = read_colours(joined, size=size, columns=len(grid[0]), rows=len(grid))
    assert largest_difference(found, [colour for row in grid for colour in row]) < TOLERANCE, found


def combing(path: Path, size: tuple[int, int]) -> float:
    """Return how much neighbouring lines differ, on average; whole pictures of upright bars have none."""
    width, height = size
    raw = run_tool("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    frame = raw[10 * width * height : 11 * width * height]
    lines = [frame[at : at + width] for at in range(0, len(frame), width)]
    between = [abs(a - b) for one, other in pairwise(lines[8:-8]) for a, b in zip(one, other, strict=True)]
    return sum(between) / len(between)


@pytest.mark.parametrize("order", ["top", "bottom"])
@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("a.mp4", ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "8", "-flags", "+ildct+ilme")),
        ("a.mpg", ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme")),
    ],
)
def test_no_picture_shows_two_moments(
    name: str, encoder: tuple[str, ...], order: str, tmp_path: Path
) -> None:
    bars = "nullsrc=s=320x160:r=50:d=1,format=yuv420p,geq=lum='if(lt(mod(X-8*N+8000,160),80),235,16)':cb=128:cr=128"
    fields = f"tinterlace=mode=interleave_{order},setfield={'tff' if order == 'top' else 'bff'}"
    source = tmp_path / name
    run_tool("-f", "lavfi", "-i", bars, "-vf", fields, "-r", "25", *encoder, source)
    assert combing(source, (320, 160)) > 8, "the source has what must go"
    whole = encode_whole(source, tmp_path / "work", ENCODING)
    assert whole.plan.video is not None
    assert whole.plan.video.is_interlaced
    assert combing(whole.join("v160", tmp_path / "out.mp4"), (320, 160)) < 2


@pytest.mark.parametrize("size", [(16, 16), (17, 15), (1280, 18)])
def test_pictures_of_odd_and_tiny_sizes_are_never_enlarged(size: tuple[int, int], tmp_path: Path) -> None:
    source = tmp_path / "a.webm"
    run_tool(
        "-f", "lavfi", "-i", f"testsrc2=s={size[0]}x{size[1]}:r=10:d=1",
        "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", source,
    )  # fmt: skip
    ladder = (RungSettings(width=1920, height=1080, crf=23, max_bitrate_bps=1_000_000),)
    whole = encode_whole(source, tmp_path / "work", ENCODING.model_copy(update={"ladder": ladder}))
    (name,) = whole.runs
    assert whole.plan.video is not None
    rung = whole.plan.video.rung(name)
    assert (rung.width, rung.height) == (size[0] // 2 * 2, size[1] // 2 * 2)
