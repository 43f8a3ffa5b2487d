"""Measures what was encoded: which frame is shown when, and when beeps are heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.clips import BLOCKS, GRAY

LOUD = 6000
APART_S = 0.5
CLEARLY = 0.5  # levels of grey: encoding alone makes a still scene differ by less
TURNS = {"": 0, "transpose=1": 3, "transpose=2": 1, "rotate=180": 2}  # quarter turns counterclockwise


def read_pictures(path: Path, *, turned: str = "") -> list[tuple[int, int]]:
    """Return (presentation time in ticks, number) of each decoded frame, in the order of presentation."""
    with av.open(str(path)) as container:
        return [
            (frame.pts or 0, _number(np.rot90(_luma(frame), TURNS[turned])))
            for frame in container.decode(video=0)
        ]


def read_thumbnails(path: Path) -> NDArray[Any]:
    """Return all frames as tiny grey pictures, in the order of presentation."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(width=32, height=18, format="gray") for frame in container.decode(video=0)]
    return np.stack(frames).astype(np.int32)


def find_strangers(shown: NDArray[Any], source: NDArray[Any]) -> list[int]:
    """Return the places whose picture is clearly more like the one before or after in the source than its own."""
    own = np.abs(shown - source).mean(axis=(1, 2)) - CLEARLY
    earlier = np.abs(shown[1:] - source[:-1]).mean(axis=(1, 2))
    later = np.abs(shown[:-1] - source[1:]).mean(axis=(1, 2))
    found = {*(np.flatnonzero(earlier < own[1:]) + 1), *np.flatnonzero(later < own[:-1])}
    return sorted(int(place) for place in found)


def _luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]  # 4:2:0: the first plane is the picture in grey
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _number(picture: NDArray[Any]) -> int:
    height, width = picture.shape
    places = [(2 * block + 1) * width // (2 * BLOCKS) for block in range(BLOCKS)]
    return sum(
        bool(picture[height // 10, place] > GRAY) << (BLOCKS - 1 - at) for at, place in enumerate(places)
    )


def find_beeps(raw: bytes, *, rate_hz: int = 48_000) -> list[float]:
    """Return when beeps begin, in seconds, in mono 16 bit samples."""
    begins: list[float] = []
    for sample in np.flatnonzero(np.abs(np.frombuffer(raw, np.int16).astype(np.int32)) > LOUD):
        time_s = int(sample) / rate_hz
        if not begins or time_s - begins[-1] > APART_S:
            begins.append(time_s)
    return begins
