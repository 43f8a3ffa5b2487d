"""DCT256: 256 bits that say what a picture looks like, whatever its size, codec, brightness and contrast. Pure.

A picture is shrunk to 64x64 grays; its 16x16 lowest frequencies (DCT-II) are compared with their median. Two pictures
are alike where few bits differ. Equal hashes need not be equal pictures, so that nothing but a hold may follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from videos.fingerprints.appearances import FRAME_PX, VIEWS, WHOLE, View

SIDE = 16
HASH_BYTES = SIDE * SIDE // 8
BATCH = 512  # frames at once: some megabytes
# What a picture must hold for its hash to say anything: black, plain and hardly lit pictures are all alike.
LEAST_DETAIL = 150.0
# A border is as dark as this in every picture of a video, and takes at most so much of each side.
DARK, MOST_BORDER = 28, 24

Frames = npt.NDArray[np.uint8]  # n x 64 x 64
Moments = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint8]  # n x 32; all zero: a picture that says nothing


def read_frames(path: Path) -> Frames:
    """Return the gray pictures that lie in a file, one after the other, without reading it into memory.

    A half one at the end is left out.
    """
    size = FRAME_PX * FRAME_PX
    count = path.stat().st_size // size if path.exists() else 0
    if not count:
        return np.zeros((0, FRAME_PX, FRAME_PX), dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r", shape=(count, FRAME_PX, FRAME_PX))


def hash_frames(frames: Frames, view: View = WHOLE) -> Hashes:
    """Return the hash of each picture as a view shows it."""
    return np.concatenate(
        [_hash_batch(frames[at : at + BATCH], view) for at in range(0, len(frames), BATCH)]
        or [np.zeros((0, HASH_BYTES), dtype=np.uint8)]
    )


def _hash_batch(frames: Frames, view: View) -> Hashes:
    left, top, right, bottom = view.box
    cut = frames[:, top:bottom, left:right].astype(np.float32)
    cut -= cut.mean(axis=(1, 2), keepdims=True)  # brightness; and the sums below stay small, and exact
    found = _cosines(bottom - top) @ cut @ _cosines(right - left).T
    if view.is_turned:
        found = found.transpose(0, 2, 1)
    # A mirrored picture has the same frequencies; the odd ones change their sign.
    signs = np.where(np.arange(SIDE) % 2, -1, 1).astype(np.float32)
    if view.is_mirrored:
        found = found * signs
    if view.is_upside_down:
        found = found * signs[:, np.newaxis]
    flat = found.reshape(len(frames), SIDE * SIDE)
    # The mean of the picture (the first number) is zero, and no part of the median.
    median = np.median(flat[:, 1:], axis=1, keepdims=True)
    hashes = np.packbits(flat > median, axis=1)
    hashes[_detail(flat) < LEAST_DETAIL] = 0
    return hashes


def _detail(flat: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return how strong the weaker half of a picture's frequencies is: next to nothing in plain ones and in ramps."""
    detail: npt.NDArray[np.floating[Any]] = np.median(np.abs(flat[:, 1:]), axis=1)
    return detail


@cache
def _cosines(length: int) -> npt.NDArray[np.float32]:
    """Return the lowest rows of the DCT-II of so many samples, made alike for every length."""
    places = (np.arange(length) + 0.5) / length
    rows = np.cos(np.pi * np.arange(SIDE)[:, np.newaxis] * places)
    return (rows * (FRAME_PX / length)).astype(np.float32)


def find_content(frames: Frames) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) of a video within its black borders; the whole where it has none."""
    whole = (0, 0, FRAME_PX, FRAME_PX)
    if not len(frames):
        return whole
    brightest = frames.max(axis=0)
    rows = np.flatnonzero(brightest.max(axis=1) > DARK)
    columns = np.flatnonzero(brightest.max(axis=0) > DARK)
    if not len(rows) or not len(columns):
        return whole
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    is_border = max(left, top, FRAME_PX - right, FRAME_PX - bottom) <= MOST_BORDER
    return (left, top, right, bottom) if is_border else whole


def hash_upload(frames: Frames) -> Hashes:
    """Return what is kept of an upload: a hash of each of its pictures, without the borders around all of them."""
    return hash_frames(frames, View(box=find_content(frames)))


def hash_ban(frames: Frames, views: Sequence[View] = VIEWS) -> tuple[Hashes, Moments]:
    """Return what is looked for of banned material: its pictures as re-uploads show them, each near repetition once.

    Beside each hash stands the number of its picture.
    """
    box = find_content(frames)
    hashes, moments = [], []
    for view in views:
        seen = hash_frames(frames, view.within(box))
        kept = prune(seen)
        hashes.append(seen[kept])
        moments.append(kept)
    return np.concatenate(hashes), np.concatenate(moments)


def prune(hashes: Hashes, *, within_bits: int = 8) -> Moments:
    """Return the places of hashes that differ from the one kept before them, without those that say nothing."""
    numbers = [int.from_bytes(one.tobytes(), "big") for one in hashes]
    kept: list[int] = []
    for place, number in enumerate(numbers):
        if number and (not kept or (numbers[kept[-1]] ^ number).bit_count() > within_bits):
            kept.append(place)
    return np.array(kept, dtype=np.int64)
