"""Sources of colours that are known, computed here and not by a scaler; and the colours that are found in outputs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.clips import run_tool

Colour = tuple[float, float, float]  # red, green, blue as displays take them, 0 to 255

COLUMNS, ROWS = 4, 2
WIDTH, HEIGHT = 320, 160
COLOURS: tuple[Colour, ...] = (
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (192, 64, 64),
    (64, 192, 64),
    (64, 64, 192),
    (224, 172, 140),
    (40, 120, 130),
)
WEIGHTS = {
    "bt709": (0.2126, 0.0722),
    "smpte170m": (0.299, 0.114),
    "bt470bg": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
}
BITS = {"p": 8, "p10le": 10, "p12le": 12}


def to_yuv(
    colour: Sequence[float], *, matrix: str = "bt709", bits: int = 8, is_full: bool = False
) -> tuple[int, ...]:
    """Code one colour (0 to 255 each) by a matrix, as ITU-R BT.709 and BT.2020 write it."""
    red, green, blue = (part / 255 for part in colour)
    kr, kb = WEIGHTS[matrix]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    parts = luma, (blue - luma) / 2 / (1 - kb), (red - luma) / 2 / (1 - kr)
    scale = 2 ** (bits - 8)
    if is_full:
        top = 2**bits - 1
        coded = parts[0] * top, parts[1] * top + 128 * scale, parts[2] * top + 128 * scale
    else:
        coded = (16 + 219 * parts[0]) * scale, (128 + 224 * parts[1]) * scale, (128 + 224 * parts[2]) * scale
    return tuple(min(2**bits - 1, max(0, round(value))) for value in coded)


def from_yuv(luma: int, blue_difference: int, red_difference: int) -> Colour:
    """Decode 8 bit BT.709 of limited range, as the tags of every rendition say."""
    kr, kb = WEIGHTS["bt709"]
    y, u, v = (luma - 16) / 219, (blue_difference - 128) / 224, (red_difference - 128) / 224
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return (red * 255, green * 255, blue * 255)


def plane(values: Sequence[int], width: int, height: int, *, bits: int = 8) -> bytes:
    """Return a plane in which each patch has one value, the patches row by row."""
    form = "B" if bits == 8 else "H"
    rows = []
    for row in range(ROWS):
        line: list[int] = []
        for column in range(COLUMNS):
            line += [values[row * COLUMNS + column]] * (width // COLUMNS)
        rows.append(struct.pack(f"<{len(line)}{form}", *line) * (height // ROWS))
    return b"".join(rows)


def yuv_frame(
    pixel_format: str,
    *,
    matrix: str = "bt709",
    is_full: bool = False,
    colours: Sequence[Colour] = COLOURS,
    alpha: Sequence[float] | None = None,
    to_coded: Callable[..., tuple[int, ...]] = to_yuv,
) -> bytes:
    """Return one frame of patches in a planar format such as yuv420p or yuva444p10le."""
    name = pixel_format.removeprefix("yuva").removeprefix("yuv").removeprefix("j")
    sampling, bits = name[:3], BITS[name[3:]]
    coded = [to_coded(colour, matrix=matrix, bits=bits, is_full=is_full) for colour in colours]
    chroma = (WIDTH if sampling == "444" else WIDTH // 2, HEIGHT // 2 if sampling == "420" else HEIGHT)
    sizes = [(WIDTH, HEIGHT), chroma, chroma]
    planes = [plane([one[at] for one in coded], *sizes[at], bits=bits) for at in range(3)]
    if alpha is not None:
        planes.append(plane([round(one * (2**bits - 1)) for one in alpha], WIDTH, HEIGHT, bits=bits))
    return b"".join(planes)


def rgb_frame(colours: Sequence[Colour] = COLOURS) -> bytes:
    """Return one frame of patches as gbrp."""
    return b"".join(plane([round(one[at]) for one in colours], WIDTH, HEIGHT) for at in (1, 2, 0))


def write_source(
    path: Path, pixel_format: str, frame: bytes, *arguments: str, tags: str = "", count: int = 10
) -> Path:
    """Encode `count` times the same frame; nothing is converted, and `tags` (of setparams) are what they are."""
    chain = ["-vf", f"setparams={tags}"] if tags else []
    raw = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", "10"]
    run_tool(*raw, "-i", "-", *chain, *arguments, path, frames=iter([frame] * count))
    return path


def read_colours(
    path: Path, *, size: tuple[int, int], columns: int = COLUMNS, rows: int = ROWS
) -> list[Colour]:
    """Return the colour in the middle of each patch of the first frame, by the tags that every rendition has."""
    width, height = size
    raw = run_tool("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    half = -(-width // 2), -(-height // 2)
    colours = []
    for row in range(rows):
        for column in range(columns):
            x, y = (2 * column + 1) * width // (2 * columns), (2 * row + 1) * height // (2 * rows)
            chroma_at = width * height + y // 2 * half[0] + x // 2
            colours.append(from_yuv(raw[y * width + x], raw[chroma_at], raw[chroma_at + half[0] * half[1]]))
    return colours


def largest_difference(found: Sequence[Colour], wanted: Sequence[Colour]) -> float:
    return max(
        abs(a - b) for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )
