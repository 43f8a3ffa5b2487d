"""Pieces of a file that arrives bit by bit: each has one writer, and what it flushed survives its process.

On a filesystem a piece grows, also under a later writer; in a bucket nothing can be added to an object, so each flush
is a piece of its own, and can be encrypted as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

from gilfoyle.lib import storage
from gilfoyle.lib.growing_file import GrowingFile
from gilfoyle.lib.sealed_chunks import SealedReader, seal
from gilfoyle.lib.storage_faults import StorageFault, faults

READ_BYTES = 1024 * 1024
OBJECT_BYTES = 8 * 1024 * 1024  # held in memory until it is stored; parts of a bucket's own copies need 5 MiB


class PieceWriter(Protocol):
    """Takes the bytes of one piece."""

    size_bytes: int
    flush_bytes: int
    is_growing: bool

    def space(self) -> memoryview:
        """Return memory for the next bytes: never none, where what is due to be flushed was."""

    def take(self, count: int) -> None:
        """Count the first bytes of `space`, which are there now. Raises: NoSpace, StorageFault."""

    def flush(self) -> None:
        """Make durable what was taken. Raises: NoSpace, StorageFault."""

    def close(self) -> None:
        """Let go of the piece; what was not flushed may be lost."""


def can_grow() -> bool:
    """Tell whether a later writer can add to a piece."""
    return storage.local_path("uploads") is not None


def can_go_on(name: str) -> bool:
    """Tell whether a piece can be added to: not one that lies where all is being moved from.

    Raises: StorageFault.
    """
    path = storage.local_path(name)
    return path is not None and path == storage.stored_path(name)


def open_piece(
    name: str, *, kept_bytes: int = 0, key: bytes | None = None, is_read_soon: bool = True
) -> PieceWriter:
    """Begin a piece, or go on with one behind its first `kept_bytes`; one that can't grow is encrypted where there is a key.

    `is_read_soon` False: nobody will miss it in the kernel's memory.

    Raises: NoSpace, StorageFault.
    """
    path = storage.local_path(name)
    if path is None:
        return _ObjectPiece(name, key)
    return GrowingFile(name, path, kept_bytes, is_read_soon=is_read_soon)


class _ObjectPiece:
    flush_bytes = OBJECT_BYTES
    is_growing = False

    def __init__(self, name: str, key: bytes | None) -> None:
        self._name, self._key = name, key
        self._data = memoryview(bytearray(OBJECT_BYTES))
        self.size_bytes = 0

    def space(self) -> memoryview:
        return self._data[self.size_bytes :]

    def take(self, count: int) -> None:
        self.size_bytes += count

    def flush(self) -> None:
        data = bytes(self._data[: self.size_bytes])
        storage.save_bytes(self._name, data if self._key is None else b"".join(seal([data], self._key)))

    def close(self) -> None:
        self._data.release()


def read_piece(name: str, size_bytes: int, *, first: int = 0, key: bytes | None = None) -> Iterator[bytes]:
    """Give the first `size_bytes` of a piece, or of these what comes from `first` on, in constant memory.

    Raises: ObjectMissing, StorageFault where it is shorter; SealBroken where it is not what was encrypted by the key.
    """
    if key is not None:
        yield from _read_sealed(name, size_bytes, first, key)
        return
    left = size_bytes - first
    with closing(storage.open_stored(name)) as file:
        with faults(name):
            file.seek(first)
        while left:
            with faults(name):
                data = file.read(min(READ_BYTES, left))
            if not data:
                message = "A stored object is shorter than it was."
                raise StorageFault(message, name=name)
            left -= len(data)
            yield data


def _read_sealed(name: str, size_bytes: int, first: int, key: bytes) -> Iterator[bytes]:
    stored = storage.open_ranges(name)
    reader = SealedReader.of(stored.read, stored_bytes=stored.size_bytes, key=key)
    if reader.size_bytes < size_bytes:
        message = "A stored object is shorter than it was."
        raise StorageFault(message, name=name)
    for start in range(first, size_bytes, READ_BYTES):
        yield reader.read(start, min(READ_BYTES, size_bytes - start))


def trim_piece(name: str, size_bytes: int) -> None:
    """Cut off what a writer left behind the durable bytes of a piece.

    Raises: ObjectMissing, StorageFault.
    """
    path = storage.stored_path(name)
    if path is None:
        return
    with faults(name), path.open("r+b") as file:
        if os.fstat(file.fileno()).st_size != size_bytes:
            file.truncate(size_bytes)
            os.fsync(file.fileno())
