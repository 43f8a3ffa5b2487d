"""Pictures of 64x64 grays that look like something: soft shapes of their own for each seed, moving slowly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]


def scene(seed: int, count: int = 12, *, side_px: int = 64) -> Frames:
    """Return pictures of one scene: waves of many lengths and directions that wander."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side_px, 0:side_px] / side_px
    waves = random.normal(size=(40, 5))
    frames = []
    for number in range(count):
        picture = np.zeros((side_px, side_px))
        for across, down, phase, speed, strength in waves:
            length = 9 * (abs(across) + abs(down)) + 1
            angle = 2 * np.pi * (across * 7 * x + down * 7 * y) + phase * 9 + speed * number * 0.4
            picture += strength / length * 3 * np.sin(angle)
        low, high = picture.min(), picture.max()
        frames.append(20 + 215 * (picture - low) / (high - low))
    return np.array(frames).round().astype(np.uint8)
