"""Sealed objects of the media store: written from a stream, read in parts, and compared with what they should be."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gilfoyle.lib import storage
from gilfoyle.lib.file_writes import write_whole
from gilfoyle.lib.sealed_chunks import BROKEN, SealBroken, SealedReader, seal
from gilfoyle.lib.storage_faults import StorageFault, faults

READ_BYTES = 4 * 1024 * 1024


def save_sealed(name: str, pieces: Iterable[bytes], key: bytes) -> None:
    """Store the pieces encrypted, in constant memory; nothing appears under `name` unless all of them arrived.

    Raises: NoSpace, StorageFault; whatever the iterable raises, after removing what was written.
    """
    storage.save_stream(name, seal(pieces, key))


def open_sealed(name: str, key: bytes, *, size_bytes: int) -> SealedReader:
    """Open a sealed object that had `size_bytes` before; only the parts that are asked for are read.

    Raises: SealBroken where it has another size or no seal; ObjectMissing, StorageFault.
    """
    stored = storage.open_ranges(name)
    reader = SealedReader.of(stored.read, stored_bytes=stored.size_bytes, key=key)
    if reader.size_bytes != size_bytes:
        raise SealBroken(BROKEN, name=name)
    return reader


def read_through(
    read: Callable[[int, int], bytes], size_bytes: int, *, heartbeat: Callable[[], None]
) -> Iterator[bytes]:
    """Give all bytes of what is read in parts, in order, in constant memory.

    Raises: whatever `read` and `heartbeat` raise.
    """
    for first in range(0, size_bytes, READ_BYTES):
        heartbeat()
        yield read(first, min(READ_BYTES, size_bytes - first))


def require_stored_as(
    name: str, key: bytes, *, size_bytes: int, sha256: str, heartbeat: Callable[[], None]
) -> None:
    """Read a sealed object back, all of it, and compare it with what it should be.

    Raises: SealBroken, ObjectMissing, StorageFault; whatever `heartbeat` raises.
    """
    reader, digest = open_sealed(name, key, size_bytes=size_bytes), hashlib.sha256()
    reader.require_end()  # which tells of the key where the object is empty
    for piece in read_through(reader.read, size_bytes, heartbeat=heartbeat):
        digest.update(piece)
    if not hmac.compare_digest(digest.hexdigest(), sha256):
        message = "What was stored is not what was read of it."
        raise StorageFault(message, name=name)


@contextmanager
def opened_copy(reader: SealedReader, *, name: str, folder: Path) -> Iterator[Path]:
    """Give a file below `folder` with an object's bytes as they were before; it is removed afterwards.

    Raises: NoSpace, StorageFault, SealBroken.
    """
    with faults(name):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = Path(tempfile.mkdtemp(prefix="gilfoyle-", dir=folder))
    try:
        copy = scratch / "object"
        with copy.open("xb", buffering=0) as file:
            for piece in read_through(reader.read, reader.size_bytes, heartbeat=lambda: None):
                with faults(name):
                    write_whole(file, piece)
        yield copy
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
