"""Damages sources where a test wants it: pictures that need no other, so that the rest stays whole."""

from __future__ import annotations

from pathlib import Path

from tests.clips import make_clip

RATE = 25
FRAMES = 3 * RATE


def make_motion_jpeg(path: Path, **options: object) -> Path:
    """Write an AVI of three seconds in which every picture stands for itself."""
    wanted = {"size": (160, 90), "fps": str(RATE), "video_args": ("-c:v", "mjpeg", "-q:v", "6"), **options}
    return make_clip(path, **wanted)  # type: ignore[arg-type]  # passed through


def lose_pictures(source: Path, target: Path, numbers: range) -> Path:
    """Write zeros over some of the pictures; how long they are stays true."""
    data = bytearray(source.read_bytes())
    at = data.index(b"movi")
    for number in range(numbers.stop):
        at = data.index(b"00dc", at + 1)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if number in numbers:
            data[at + 8 : at + 8 + size] = bytes(size)
        at += size
    target.write_bytes(data)
    return target
