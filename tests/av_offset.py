"""Measures how far sound stands from picture in what was made, timed as a player times it.

A frame is shown at its fragment's decode time plus its composition offset; a sample is heard at its fragment's decode
time plus its place in the decoded sound. No tool's own idea of a file's start, priming or edit list comes in.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from processing.packaging.boxes import iter_boxes
from processing.packaging.fragments import Fragment, read_fragment, read_init
from tests.clips import find_beeps, run_tool

SIDE = 8
WHITE = 215  # of 255: a flash, beside a texture that is never as bright
RATE_HZ = 8_000  # an eighth of a millisecond is exact enough, and a long file stays small


def read_fragments(path: Path) -> tuple[int, list[Fragment]]:
    """Return the time scale and the fragments of a rendition: its init segment and all others, one after the other."""
    data = path.read_bytes()
    fragments = [read_fragment(data[box.start : box.end]) for box in iter_boxes(data) if box.kind == "moof"]
    return read_init(data).timescale, fragments


def find_flashes(path: Path) -> list[float]:
    """Return when white frames come on, in seconds; what is white from the first frame on says nothing of that."""
    timescale, fragments = read_fragments(path)
    shown_at = sorted(sample.shown_at for fragment in fragments for sample in fragment.samples)
    raw = run_tool(
        "-i", path, "-map", "0:v:0", "-vf", f"scale={SIDE}:{SIDE}:flags=area", "-fps_mode", "passthrough",
        "-f", "rawvideo", "-pix_fmt", "gray", "-",
    )  # fmt: skip
    size = SIDE * SIDE
    assert len(raw) == size * len(shown_at), "a frame is missing, or one too many"
    is_white = [min(raw[at + size // 2 : at + size]) > WHITE for at in range(0, len(raw), size)]
    return [
        float(Fraction(time, timescale))
        for time, white, before in zip(shown_at, is_white, [True, *is_white], strict=False)
        if white and not before
    ]


def find_sounds(path: Path, *, within_s: tuple[float, float] = (0, 1e9)) -> list[float]:
    """Return when beeps begin, in seconds."""
    timescale, fragments = read_fragments(path)
    first_s = fragments[0].decode_time / timescale
    raw = run_tool("-i", path, "-map", "0:a:0", "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "-")
    samples = memoryview(raw).cast("h")
    begin = max(0, round((within_s[0] - first_s) * RATE_HZ))
    end = min(len(samples), round((within_s[1] - first_s) * RATE_HZ))
    return [first_s + begin / RATE_HZ + beep for beep in find_beeps(samples[begin:end], rate_hz=RATE_HZ)]


def measure_offsets(picture: Path, sound: Path, *, within_s: tuple[float, float] = (0, 1e9)) -> list[float]:
    """Return, for each beep, how much later it is than the nearest flash, in seconds.

    Both come once a second: a beep that has lost its flash is compared with where it would have been.
    """
    flashes = find_flashes(picture)
    beeps = find_sounds(sound, within_s=within_s)
    nearest = [min((beep - flash for flash in flashes), key=abs) for beep in beeps]
    return [(offset + 0.5) % 1 - 0.5 for offset in nearest]
