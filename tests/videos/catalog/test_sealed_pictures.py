from __future__ import annotations

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import SealBroken
from videos.catalog.sealed_pictures import read_picture, save_picture
from videos.segment_cipher import SegmentCipher

NAME = "renditions/p/v/r/poster-1/poster.jpg"
CIPHER = SegmentCipher(b"c" * 32)


def stored(name: str) -> bytes:
    with storage.open_stored(name) as file:
        return file.read()


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8 a picture", b"\xff\xd8" + bytes(200_000)], ids=len)
def test_a_picture_comes_back_and_nothing_of_it_is_stored_in_the_clear(picture: bytes) -> None:
    save_picture(NAME, picture, CIPHER)
    assert read_picture(NAME, CIPHER) == picture
    assert b"\xff\xd8" + bytes(8) not in stored(NAME)
    assert b"picture" not in stored(NAME)


def test_without_a_cipher_it_is_stored_as_it_is() -> None:
    save_picture(NAME, b"a picture", None)
    assert stored(NAME) == read_picture(NAME, None) == b"a picture"


def test_it_opens_under_its_own_name_and_key_alone() -> None:
    save_picture(NAME, b"a picture", CIPHER)
    with pytest.raises(SealBroken):
        read_picture(NAME, SegmentCipher(b"d" * 32))
    moved = NAME.replace("poster-1", "poster-2")
    storage.save_bytes(moved, stored(NAME))
    with pytest.raises(SealBroken):
        read_picture(moved, CIPHER)


def test_what_was_changed_is_not_shown() -> None:
    save_picture(NAME, b"a picture", CIPHER)
    changed = bytearray(stored(NAME))
    changed[-1] ^= 1
    for data in (bytes(changed), b"a picture", b""):
        storage.save_bytes(NAME, data)
        with pytest.raises(SealBroken):
            read_picture(NAME, CIPHER)
