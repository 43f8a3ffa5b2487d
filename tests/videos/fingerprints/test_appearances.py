import numpy as np

from tests.videos.fingerprints.pictures import scene
from videos.fingerprints.appearances import VIEWS, WHOLE, View
from videos.fingerprints.hashing import hash_frames


def differing(one, other) -> int:
    return int(np.bitwise_count(one ^ other).sum(axis=1).max())


def test_there_is_the_whole_and_each_view_once() -> None:
    assert VIEWS[0] == WHOLE
    assert len(set(VIEWS)) == len(VIEWS)
    assert all(
        0 <= left < right <= 64 and 0 <= top < bottom <= 64
        for left, top, right, bottom in (view.box for view in VIEWS)
    )


def test_a_view_is_what_hashing_a_turned_picture_finds() -> None:
    frames = scene(3)
    turned = {
        View(is_mirrored=True): frames[:, :, ::-1],
        View(is_mirrored=True, is_upside_down=True): frames[:, ::-1, ::-1],
        View(is_turned=True, is_mirrored=True): np.rot90(frames, -1, axes=(1, 2)),
        View(is_turned=True, is_upside_down=True): np.rot90(frames, 1, axes=(1, 2)),
    }
    assert set(turned) <= set(VIEWS)
    for view, picture in turned.items():
        assert differing(hash_frames(frames, view), hash_frames(picture)) <= 4, view


def test_a_cut_view_is_what_hashing_the_cut_and_enlarged_picture_finds() -> None:
    frames = scene(4, side_px=256)
    small = frames.reshape(len(frames), 64, 4, 64, 4).mean(axis=(2, 4)).round().astype(np.uint8)
    cut = frames[:, 20:236, 20:236]
    enlarged = cut[:, np.arange(256) * 216 // 256][:, :, np.arange(256) * 216 // 256]
    seen = enlarged.reshape(len(frames), 64, 4, 64, 4).mean(axis=(2, 4)).round().astype(np.uint8)
    assert differing(hash_frames(small, View((5, 5, 59, 59))), hash_frames(seen)) <= 30
    assert differing(hash_frames(small), hash_frames(seen)) > 48


def test_within_a_box_a_view_shrinks_with_it() -> None:
    assert View((0, 0, 64, 64)).within((0, 8, 64, 56)) == View((0, 8, 64, 56))
    assert View((8, 8, 56, 56)).within((0, 16, 64, 48)).box == (8, 20, 56, 44)
