"""A file that grows under one writer after the other, from memory that is filled in place and used again.

What nobody reads soon goes to the disk by whole blocks without the page cache: to copy it there, and to write it back
from there, is a third of what an upload costs, and puts out what others read.
"""

from __future__ import annotations

import errno
import mmap
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from gilfoyle.lib import file_writes
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.store_marks import make_folder_of

FLUSH_BYTES = 128 * 1024 * 1024  # so much is lost at most when a process is killed
BLOCK_BYTES = 2 * 1024 * 1024  # a huge page, in one stretch of memory: the disk takes it in one request
# Of what goes through the page cache, so much is brought to the disk by the thread while more comes: a flush then
# waits for little.
AHEAD_BYTES = 16 * 1024 * 1024
SYNC_DATA = getattr(os, "fdatasync", os.fsync)  # macOS has the latter alone


class GrowingFile:
    """Takes the bytes of a piece (storage_pieces.py): what was flushed survives its process."""

    flush_bytes = FLUSH_BYTES
    is_growing = True

    def __init__(self, name: str, path: Path, kept_bytes: int, *, is_read_soon: bool) -> None:
        self._name, self._folder = name, path.parent
        self.size_bytes = self._written_bytes = self._ahead_bytes = kept_bytes
        self._block, self._other_block = _two_blocks()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
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
        self._direct = None if is_read_soon else _open_direct(path)

    def _cut(self, kept_bytes: int) -> None:
        """Remove what its last writer could not make durable."""
        if os.fstat(self._file.fileno()).st_size < kept_bytes:
            message = "A stored object is shorter than it was."
            raise StorageFault(message, name=self._name)
        self._file.truncate(kept_bytes)

    def space(self) -> memoryview:
        """Return memory for the next bytes, never none."""
        return self._block[self.size_bytes % BLOCK_BYTES :]

    def take(self, count: int) -> None:
        """Count the first bytes of `space`, which are there now. Raises: NoSpace, StorageFault."""
        self.size_bytes += count
        if self.size_bytes % BLOCK_BYTES == 0:
            self._write()
            if self._direct is None:
                self._sync_ahead()

    def _write(self) -> None:
        start, self._written_bytes = self._written_bytes, self.size_bytes
        first = start % BLOCK_BYTES
        data = self._block[first : first + self.size_bytes - start]
        if self._direct is not None and len(data) == BLOCK_BYTES:
            self._require_ahead()  # then the other block is free
            self._block, self._other_block = self._other_block, self._block
            self._ahead = self._thread.submit(self._write_direct, self._direct, data, start)
            return
        with faults(self._name):
            file_writes.write_at(self._file.fileno(), data, start)

    def _sync_ahead(self) -> None:
        is_much = self._written_bytes - self._ahead_bytes >= AHEAD_BYTES
        if is_much and (self._ahead is None or self._ahead.done()):
            self._require_ahead()
            self._ahead_bytes = self._written_bytes
            self._ahead = self._thread.submit(SYNC_DATA, self._file.fileno())

    def _write_direct(self, direct: int, block: memoryview, start: int) -> None:
        try:
            written = os.pwrite(direct, block, start)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            written = 0  # this filesystem opens files so, and writes none
        if written < BLOCK_BYTES:  # the rest of it is no whole block any more
            file_writes.write_at(self._file.fileno(), block[written:], start + written)

    def _require_ahead(self) -> None:
        """Wait for the thread. Raises: NoSpace, StorageFault: the kernel tells of a failed write only once."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            with faults(self._name):
                ahead.result()

    def flush(self) -> None:
        """Make durable what was taken. Raises: NoSpace, StorageFault."""
        self._write()
        self._require_ahead()
        with faults(self._name):
            os.fsync(self._file.fileno())
            if self._is_new:
                for folder in (self._folder, *self._folder.parents[:2]):  # each may be as new as the piece
                    file_writes.sync_folder(folder)
                self._is_new = False

    def close(self) -> None:
        """Let go of the file; what was not flushed may be lost."""
        self._thread.shutdown()  # it may have the file at work
        self._file.close()
        if self._direct is not None:
            os.close(self._direct)


def _two_blocks() -> tuple[memoryview, memoryview]:
    """Return memory that begins with a page, as what goes past the page cache must."""
    memory = mmap.mmap(-1, 2 * BLOCK_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    blocks = memoryview(memory)
    return blocks[:BLOCK_BYTES], blocks[BLOCK_BYTES:]


def _open_direct(path: Path) -> int | None:
    """Open a file for writing past the page cache; None where its filesystem, or the system, has no such thing."""
    flag = getattr(os, "O_DIRECT", None)
    if flag is None:
        return None
    try:
        return os.open(path, os.O_WRONLY | flag)
    except OSError:
        return None
