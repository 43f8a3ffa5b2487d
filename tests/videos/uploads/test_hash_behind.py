from __future__ import annotations

import hashlib
import threading
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.uploads import hash_behind
from videos.uploads.hash_behind import MOST_BEHIND, HashBehind


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_it_is_the_hash_of_all_in_their_order(pieces: list[bytes]) -> None:
    with HashBehind() as digest:
        for piece in pieces:
            digest.update(piece)
        assert digest.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_it_holds_a_few_pieces_and_no_more() -> None:
    with HashBehind() as digest:
        for _ in range(10 * MOST_BEHIND):
            digest.update(b"a" * 100_000)
            assert len(digest._waiting) <= MOST_BEHIND


def test_its_thread_ends_with_the_block_whatever_happens() -> None:
    before = threading.active_count()

    def fail() -> None:
        with HashBehind() as digest:
            digest.update(b"a")
            assert threading.active_count() == before + 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert threading.active_count() == before


def test_where_no_core_is_free_it_hashes_at_once_and_gives_the_core_back() -> None:
    free = hash_behind._cores._value
    with ExitStack() as stack:
        for _ in range(free):
            assert stack.enter_context(HashBehind())._thread is not None
        with HashBehind() as digest:
            assert digest._thread is None
            buffer = bytearray(b"ab")
            digest.update(memoryview(buffer))
            buffer[:] = b"xx"
            assert digest.hexdigest() == hashlib.sha256(b"ab").hexdigest()
    assert hash_behind._cores._value == free
