from pathlib import Path

import numpy as np
import pytest

from tests.videos.fingerprints.pictures import scene
from videos.fingerprints.appearances import VIEWS, View
from videos.fingerprints.hashing import find_content, hash_ban, hash_frames, hash_upload, prune, read_frames


def differing(one, other):
    return np.bitwise_count(one ^ other).sum(axis=1)


def test_a_hash_survives_what_copies_do_to_a_picture() -> None:
    frames = scene(1).astype(np.int16)
    brighter = np.clip(frames * 0.8 + 40, 0, 255).astype(np.uint8)
    noisy = np.clip(frames + np.random.default_rng(2).normal(0, 4, frames.shape), 0, 255).astype(np.uint8)
    one = hash_frames(frames.astype(np.uint8))
    assert differing(one, hash_frames(brighter)).max() <= 12
    assert differing(one, hash_frames(noisy)).max() <= 30


def test_other_pictures_have_other_hashes() -> None:
    hashes = np.concatenate([hash_frames(scene(seed, 3)) for seed in range(12)])
    scenes = np.repeat(np.arange(12), 3)
    for place, one in enumerate(hashes):
        others = hashes[scenes != scenes[place]]
        assert np.bitwise_count(others ^ one).sum(axis=1).min() > 60


@pytest.mark.parametrize("value", [0, 16, 128, 255])
def test_a_plain_picture_says_nothing_and_has_no_hash(value: int) -> None:
    frames = np.full((2, 64, 64), value, dtype=np.uint8)
    assert not hash_frames(frames).any()
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (2, 64, 1))
    assert not hash_frames(ramp).any()


def test_black_borders_are_found_and_left_out() -> None:
    frames = scene(5)
    framed = np.zeros_like(frames)
    framed[:, 8:56] = frames[:, ::4].repeat(3, axis=1)  # 48 lines of 64
    framed[:, :8] = framed[:, 56:] = 16
    assert find_content(framed) == (0, 8, 64, 56)
    assert find_content(frames) == (0, 0, 64, 64)
    assert find_content(np.zeros_like(frames)) == (0, 0, 64, 64), "nothing but black has no border"
    assert find_content(frames[:0]) == (0, 0, 64, 64)
    inner = hash_frames(framed, View((0, 8, 64, 56)))
    assert np.array_equal(hash_upload(framed), inner)


def test_a_dark_picture_among_others_makes_no_border() -> None:
    frames = scene(6).copy()
    frames[3] = 0
    assert find_content(frames) == (0, 0, 64, 64)
    assert not hash_upload(frames)[3].any()
    assert hash_upload(frames)[[0, 1, 2, 4]].any(axis=1).all(), "places stay times"


def test_what_hardly_differs_is_kept_once() -> None:
    still = np.repeat(scene(7, 1), 5, axis=0)
    other = scene(8, 1)
    hashes = hash_frames(np.concatenate([still, other, still]))
    assert prune(hashes).tolist() == [0, 5, 6]
    assert prune(hashes[:0]).tolist() == []


def test_a_ban_is_hashed_in_all_views_and_knows_when() -> None:
    frames = scene(9, 10)
    hashes, moments = hash_ban(frames)
    assert len(hashes) == len(moments)
    assert len(VIEWS) <= len(hashes) <= 10 * len(VIEWS)
    assert set(moments.tolist()) <= set(range(10))
    mirrored = hash_upload(frames[:, :, ::-1])
    assert np.bitwise_count(hashes ^ mirrored[0]).sum(axis=1).min() <= 4


def test_files_of_pictures_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    frames = scene(2, 3)
    (tmp_path / "a.gray").write_bytes(frames.tobytes() + b"half a picture")
    assert np.array_equal(read_frames(tmp_path / "a.gray"), frames)
    (tmp_path / "b.gray").write_bytes(b"")
    assert read_frames(tmp_path / "b.gray").shape == (0, 64, 64)
    assert read_frames(tmp_path / "missing.gray").shape == (0, 64, 64)
    assert hash_upload(read_frames(tmp_path / "missing.gray")).shape == (0, 32)
