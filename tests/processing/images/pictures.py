"""Reads finished pictures back, with the product's own ffmpeg."""

from __future__ import annotations

from pathlib import Path

from tests.clips import BLOCKS, GRAY, run_tool


def gray(picture: bytes, folder: Path, suffix: str = "jpg") -> bytes:
    """Return a picture's brightnesses, row by row."""
    path = folder / f"read.{suffix}"
    path.write_bytes(picture)
    return run_tool("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")


def first_color(picture: bytes, folder: Path, suffix: str = "jpg") -> tuple[int, int, int]:
    """Return the colour in a picture's middle, as a browser would show it."""
    path = folder / f"read.{suffix}"
    path.write_bytes(picture)
    raw = run_tool("-i", path, "-vf", "scale=8:8", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return raw[108], raw[109], raw[110]


def read_tile(sheet: bytes, sheet_width: int, place: tuple[int, int], size: tuple[int, int]) -> int:
    """Return the frame number that a tile carries, of a sheet's brightnesses."""
    row = place[1] + size[1] // 10
    line = sheet[row * sheet_width + place[0] :][: size[0]]
    bits = [line[(2 * block + 1) * size[0] // (2 * BLOCKS)] > GRAY for block in range(BLOCKS)]
    return sum(bit << (BLOCKS - 1 - block) for block, bit in enumerate(bits))
