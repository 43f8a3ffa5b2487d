from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from processing.ffmpeg.block_reader import (
    BLOCK_BYTES,
    MAX_KEPT_BLOCKS,
    MAX_RUN_BLOCKS,
    BlockReader,
    open_source,
)
from processing.source import RemoteSource

DATA = bytes(number % 251 for number in range(BLOCK_BYTES * 5 // 2))


class Store:
    """An object, and what was read of it."""

    def __init__(self, size_bytes: int = len(DATA)) -> None:
        self.reads: list[tuple[int, int]] = []
        self.source = RemoteSource(size_bytes, self._read)

    def _read(self, first: int, length: int) -> bytes:
        assert 0 <= first < first + length <= self.source.size_bytes
        self.reads.append((first, length))
        return (DATA[first : first + length] if self.source.size_bytes == len(DATA) else b"").ljust(length)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]),
            st.integers(-len(DATA) - 9, len(DATA) + 9),
            st.integers(-1, len(DATA) + 9),
        ),
        max_size=12,
    )
)
def test_a_remote_source_reads_as_a_file_does(moves: list[tuple[int, int, int]]) -> None:
    local = io.BytesIO(DATA)
    with open_source(Store().source) as remote:
        for whence, offset, count in moves:
            starts = {io.SEEK_SET: 0, io.SEEK_CUR: local.tell(), io.SEEK_END: len(DATA)}
            at = max(0, starts[whence] + offset)
            assert remote.seek(at) == local.seek(at)
            assert remote.read(count) == local.read(count)
            assert remote.tell() == local.tell()


def test_a_local_source_is_its_file(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"data")
    with open_source(path) as file:
        assert file.read() == b"data"


def test_one_byte_costs_one_block_and_the_next_nothing() -> None:
    store = Store()
    reader = BlockReader(store.source)
    assert reader.read_from(BLOCK_BYTES + 5) == DATA[BLOCK_BYTES + 5 : 2 * BLOCK_BYTES]
    assert reader.read_from(BLOCK_BYTES) == DATA[BLOCK_BYTES : 2 * BLOCK_BYTES]
    assert store.reads == [(BLOCK_BYTES, BLOCK_BYTES)]


@pytest.mark.parametrize("offset", [-1, len(DATA), len(DATA) + 1])
def test_outside_there_is_nothing(offset: int) -> None:
    store = Store()
    assert BlockReader(store.source).read_from(offset) == b""
    assert store.reads == []


def read_all(reader: BlockReader, first: int, end: int) -> None:
    while first < end:
        first += len(reader.read_from(first))


def test_who_reads_straight_on_needs_few_reads_also_at_two_places_by_turns() -> None:
    far = 500 * 1024**2
    store = Store(2 * far)
    reader = BlockReader(store.source)
    length = 20 * 1024**2
    for done in range(0, length, BLOCK_BYTES):
        read_all(reader, done, done + BLOCK_BYTES)
        read_all(reader, far + done, far + done + BLOCK_BYTES)
    assert len(store.reads) < 2 * (length / (MAX_RUN_BLOCKS * BLOCK_BYTES) + 7)
    assert sum(size for _, size in store.reads) < 2 * (length + MAX_RUN_BLOCKS * BLOCK_BYTES)


def test_memory_is_bounded_wherever_one_reads() -> None:
    store = Store(10 * 1024**3)
    reader = BlockReader(store.source)
    for step in range(400):
        read_all(reader, step * 20 * 1024**2, step * 20 * 1024**2 + 3 * BLOCK_BYTES)
    assert sum(map(len, reader._kept.values())) <= MAX_KEPT_BLOCKS * BLOCK_BYTES


def test_a_fault_of_the_store_comes_through_and_the_next_read_may_succeed() -> None:
    faults = [ValueError("gone")]

    def read(first: int, length: int) -> bytes:
        if faults:
            raise faults.pop()
        return DATA[first : first + length]

    with open_source(RemoteSource(len(DATA), read)) as file:
        with pytest.raises(ValueError, match="gone"):
            file.read(1)
        assert file.read(1) == DATA[:1]
