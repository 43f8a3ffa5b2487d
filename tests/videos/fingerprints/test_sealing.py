import pytest

from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos.fingerprints.sealing import open_hashes, seal_hashes


def test_hashes_lie_encrypted_and_open_for_their_owner_alone() -> None:
    sealed = seal_hashes(b"h" * 320, owner="vid_1")
    assert b"hhhh" not in sealed
    assert open_hashes(sealed, owner="vid_1") == b"h" * 320
    with pytest.raises(KeyUnusable):
        open_hashes(sealed, owner="vid_2")
