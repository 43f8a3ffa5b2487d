"""Reads a remote source in blocks: the last ones stay in memory, and who reads straight on is read ahead for."""

from __future__ import annotations

import io
from collections import OrderedDict
from threading import Lock
from typing import Any, BinaryIO

from processing.source import RemoteSource, Source

BLOCK_BYTES = 64 * 1024
MAX_RUN_BLOCKS = 32  # 2 MiB at once hide a store's latency, and are the most that is read in vain
MAX_KEPT_BLOCKS = 192  # 12 MiB: picture and sound that lie apart, and the index between them
MAX_STREAMS = 8  # places between which a demuxer may jump while each is still read ahead for


class BlockReader:
    """A remote source, read by several threads."""

    def __init__(self, source: RemoteSource) -> None:
        self.size_bytes = source.size_bytes
        self._read = source.read
        self._lock = Lock()
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._runs: OrderedDict[int, int] = OrderedDict()  # the block after a run, and how long that run was

    def read_from(self, offset: int) -> bytes:
        """Return the bytes from `offset` to the end of its block; none at the end of the source.

        Raises: what the source's `read` raises.
        """
        if not 0 <= offset < self.size_bytes:
            return b""
        number, skipped = divmod(offset, BLOCK_BYTES)
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
            else:
                self._fetch(number)
            return self._kept[number][skipped:]

    def _fetch(self, number: int) -> None:
        blocks = min(2 * self._runs.pop(number, 0) or 1, MAX_RUN_BLOCKS)
        first = number * BLOCK_BYTES
        data = self._read(first, min(blocks * BLOCK_BYTES, self.size_bytes - first))
        # Backwards, so that the block that is wanted now is the last to be forgotten.
        for start in reversed(range(0, len(data), BLOCK_BYTES)):
            self._kept[number + start // BLOCK_BYTES] = data[start : start + BLOCK_BYTES]
        while len(self._kept) > MAX_KEPT_BLOCKS:
            self._kept.popitem(last=False)
        self._runs[number + blocks] = blocks
        while len(self._runs) > MAX_STREAMS:
            self._runs.popitem(last=False)


class _BlockFile(io.RawIOBase):
    """A remote source as a seekable file."""

    def __init__(self, source: RemoteSource) -> None:
        self._blocks, self._at = BlockReader(source), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._blocks.size_bytes}
        self._at = max(0, starts[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, target: Any) -> int:
        data = self._blocks.read_from(self._at)[: len(target)]
        target[: len(data)] = data
        self._at += len(data)
        return len(data)


def open_source(source: Source) -> BinaryIO:
    """Open a source for reading (seekable).

    Raises: OSError; reading raises what a remote source's `read` raises.
    """
    if isinstance(source, RemoteSource):
        return io.BufferedReader(_BlockFile(source), 8192)
    return source.open("rb")
