from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.segment_cipher import SegmentCipher, SegmentUnreadable

CIPHER = SegmentCipher(b"c" * 32)


@given(st.binary(max_size=200), st.integers(0, 99_999_999))
def test_a_segment_comes_back_as_it_was(segment: bytes, number: int) -> None:
    stored = CIPHER.encrypt(segment, rendition="v720", number=number)
    assert CIPHER.decrypt(stored, rendition="v720", number=number) == segment
    assert 1 <= len(stored) - len(segment) <= 16
    assert len(stored) % 16 == 0
    # Once more it is the same object: a chunk that is encoded again adds nothing new.
    assert CIPHER.encrypt(segment, rendition="v720", number=number) == stored


def test_the_same_picture_never_looks_the_same() -> None:
    segment = b"moof" * 100
    stored = {
        cipher.encrypt(segment, rendition=name, number=number)[:16]
        for cipher in (CIPHER, SegmentCipher(b"d" * 32))
        for name in ("v720", "v240", "a0")
        for number in range(20)
    }
    assert len(stored) == 2 * 3 * 20


def test_each_rendition_of_each_revision_has_its_own_key() -> None:
    names = ["v1080", "v720", "v720av1", "v240", "a0", "a1"]
    keys = {cipher.key_of(name) for cipher in (CIPHER, SegmentCipher(b"d" * 32)) for name in names}
    assert len(keys) == 2 * len(names)
    assert all(len(key) == 16 for key in keys)


@pytest.mark.parametrize("stored", [b"", b"short", b"x" * 17, b"\0" * 32], ids=repr)
def test_what_is_no_segment_is_told(stored: bytes) -> None:
    with pytest.raises(SegmentUnreadable):
        CIPHER.decrypt(stored, rendition="v720", number=0)


def test_no_key_shows_where_it_is_printed() -> None:
    assert "c" * 8 not in repr(CIPHER)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="compared with another program")
def test_another_program_reads_it_by_the_rules_of_hls() -> None:
    stored = CIPHER.encrypt(b"a media segment", rendition="v720", number=258)
    key, iv = CIPHER.key_of("v720").hex(), f"{258:032x}"
    argv = ["openssl", "enc", "-d", "-aes-128-cbc", "-K", key, "-iv", iv]
    assert subprocess.run(argv, input=stored, capture_output=True, check=True).stdout == b"a media segment"
