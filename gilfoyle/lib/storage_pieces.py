"""Pieces of a file that arrives bit by bit: each has one writer, and what it flushed survives its process.

On a filesystem a piece grows, also under a later writer; in a bucket nothing can be added to an object, so each flush
is a piece of its own, and can be encrypted as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Protocol

from gilfoyle.lib import file_writes, storage
from gilfoyle.lib.sealed_chunks import SealedReader, seal
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.store_marks import make_folder_of

READ_BYTES = 1024 * 1024
FILE_FLUSH_BYTES = 128 * 1024 * 1024  # so much is lost at most when a process is killed
# So much is brought to the disk by a thread of its own while more comes: a flush then waits for little.
FILE_AHEAD_BYTES = 16 * 1024 * 1024
SYNC_DATA = getattr(os, "fdatasync", os.fsync)  # macOS has the latter alone
OBJECT_BYTES = 8 * 1024 * 1024  # held in memory until it is stored; parts of a bucket's own copies need 5 MiB


class PieceWriter(Protocol):
    """Takes the bytes of one piece."""

    size_bytes: int
    flush_bytes: int
    is_growing: bool

    def write(self, data: bytes | memoryview) -> None:
        """Take bytes. Raises: NoSpace, StorageFault."""

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


def open_piece(name: str, *, kept_bytes: int = 0, key: bytes | None = None) -> PieceWriter:
    """Begin a piece, or go on with one behind its first `kept_bytes`; one that can't grow is encrypted where there is a key.

    Raises: NoSpace, StorageFault.
    """
    path = storage.local_path(name)
    return _ObjectPiece(name, key) if path is None else _FilePiece(name, path, kept_bytes)


class _FilePiece:
    flush_bytes = FILE_FLUSH_BYTES
    is_growing = True

    def __init__(self, name: str, path: Path, kept_bytes: int) -> None:
        self._name, self._folder = name, path.parent
        self.size_bytes = self._ahead_bytes = kept_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._ahead: Future[None] | None = None
        with faults(name):
            if not kept_bytes:
                make_folder_of(path, name)
            self._is_new = not kept_bytes
            self._file = path.open("r+b" if kept_bytes else "xb", buffering=0)
            try:
                self._cut(kept_bytes)
            except BaseException:  # whatever it was: nobody has the file yet who could close it
                self._file.close()
                raise

    def _cut(self, kept_bytes: int) -> None:
        """Remove what its last writer could not make durable."""
        if os.fstat(self._file.fileno()).st_size < kept_bytes:
            message = "A stored object is shorter than it was."
            raise StorageFault(message, name=self._name)
        self._file.truncate(kept_bytes)
        self._file.seek(kept_bytes)

    def write(self, data: bytes | memoryview) -> None:
        with faults(self._name):
            file_writes.write_whole(self._file, data)
        self.size_bytes += len(data)
        if self.size_bytes - self._ahead_bytes >= FILE_AHEAD_BYTES and (
            self._ahead is None or self._ahead.done()
        ):
            self._require_synced()
            self._ahead_bytes = self.size_bytes
            self._ahead = self._thread.submit(SYNC_DATA, self._file.fileno())

    def _require_synced(self) -> None:
        """Wait for the thread. Raises: NoSpace, StorageFault: the kernel tells of a failed write only once."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            with faults(self._name):
                ahead.result()

    def flush(self) -> None:
        self._require_synced()
        with faults(self._name):
            os.fsync(self._file.fileno())
            if self._is_new:
                for folder in (self._folder, *self._folder.parents[:2]):  # each may be as new as the piece
                    file_writes.sync_folder(folder)
                self._is_new = False

    def close(self) -> None:
        self._thread.shutdown()  # it may have the file at work
        self._file.close()


class _ObjectPiece:
    flush_bytes = OBJECT_BYTES
    is_growing = False

    def __init__(self, name: str, key: bytes | None) -> None:
        self._name, self._key, self._data = name, key, bytearray()
        self.size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        self._data += data
        self.size_bytes += len(data)

    def flush(self) -> None:
        data = bytes(self._data)
        storage.save_bytes(self._name, data if self._key is None else b"".join(seal([data], self._key)))
        self._data.clear()

    def close(self) -> None:
        self._data.clear()


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
