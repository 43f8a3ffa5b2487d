"""Stored objects as WSGI bodies: a real file where there is one, so that the server can use sendfile; else a stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gilfoyle.lib import storage
from gilfoyle.lib.storage import ObjectMissing, StorageFault
from streaming.delivery.caching import make_etag
from streaming.delivery.ranges import Span

BLOCK_BYTES = 256 * 1024


@dataclass(slots=True)
class StoredObject:
    """An open object, its size, and the tag of its bytes."""

    stream: IO[bytes]
    size_bytes: int
    etag: str


class SpanReader:
    """A stretch of an open object: read by blocks, or sent by descriptor from where it stands.

    Servers that send by descriptor (`wsgi.file_wrapper`) take the length from `Content-Length`.
    """

    def __init__(self, stream: IO[bytes], span: Span) -> None:
        self._stream = stream
        self._left_bytes = span.length
        self.on_close: Callable[[], None] = lambda: None
        stream.seek(span.first)

    def read(self, size_bytes: int = -1) -> bytes:
        """Return up to `size_bytes` more bytes, none beyond the span."""
        wanted = self._left_bytes if size_bytes < 0 else min(size_bytes, self._left_bytes)
        data = self._stream.read(wanted) if wanted else b""
        self._left_bytes -= len(data)
        return data

    def fileno(self) -> int:
        """Return the descriptor. Raises: OSError where there is none."""
        return self._stream.fileno()

    def close(self) -> None:
        self.on_close()
        self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(BLOCK_BYTES), b"")


def open_object(name: str, version: str) -> StoredObject:
    """Open an object for sending. `version` names its bytes where the store has no time of change.

    Raises: ObjectMissing, StorageFault.
    """
    path = storage.stored_path(name)
    if path is not None:
        return _open_file(path, name)
    size_bytes = storage.size_of(name)
    return StoredObject(storage.open_stored(name), size_bytes, make_etag(version, size_bytes))


def _open_file(path: Path, name: str) -> StoredObject:
    try:
        # Unbuffered: the descriptor stands exactly where a span begins.
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        message = "A stored object is missing."
        raise ObjectMissing(message, name=name) from error
    except OSError as error:
        message = "The storage could not be used."
        raise StorageFault(message, name=name, error=str(error)) from error
    facts = os.fstat(file.fileno())
    return StoredObject(file, facts.st_size, make_etag(facts.st_mtime_ns, facts.st_size))
