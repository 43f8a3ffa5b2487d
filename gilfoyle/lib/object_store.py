"""What `storage.py` asks of a store that is no filesystem: a bucket (`bucket.py`), or IPFS (`ipfs_storage.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from django.core.files.storage import Storage

from gilfoyle.lib import bucket
from gilfoyle.lib.bucket import Pieces
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.storage_faults import StorageFault, faults


class ObjectStore(Protocol):
    """Whole objects, which appear at once or not at all. What its server's client raises may come through."""

    def add(self, name: str, body: IO[bytes]) -> bool:
        """Store an object unless there is one of that name; tells whether it did."""

    def upload(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store an object in constant memory, replacing what was there; what the iterable raises comes through."""

    def copy(self, name: str, other: str) -> None:
        """Give an object a second name, unless that is taken."""

    def is_write_once(self) -> bool:
        """Tell whether `add` holds for two writers at once."""

    def open_ranges(self, name: str) -> tuple[int, Callable[[int, int], bytes]]:
        """Return an object's size, and what reads a part of it (first, length) in any thread."""

    def download(self, name: str, path: Path) -> None:
        """Copy an object into a file."""

    def delete_below(self, prefix: str) -> None:
        """Remove every object below a prefix."""

    def list_below(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        """Yield name, size and time of every object below a prefix, or ("") of all, in constant memory."""

    def delete_named(self, names: Sequence[str]) -> None:
        """Remove at most a thousand objects; no fault where one is not there."""

    def require_usable(self) -> None:
        """See whether the store answers."""


class _Bucket:
    def __init__(self, media: Any) -> None:
        self._media = media

    def add(self, name: str, body: IO[bytes]) -> bool:
        return bucket.add(self._media, name, body)

    def upload(self, name: str, pieces: Iterable[bytes]) -> None:
        source = Pieces(pieces)
        try:
            with faults(name):
                bucket.upload(bucket.find_object(self._media, name), source)
        except StorageFault:
            if source.error is not None:
                raise source.error from None
            raise

    def copy(self, name: str, other: str) -> None:
        bucket.copy(self._media, name, other)

    def is_write_once(self) -> bool:
        return bucket.honours_conditions(self._media)

    def open_ranges(self, name: str) -> tuple[int, Callable[[int, int], bytes]]:
        stored = bucket.find_object(self._media, name)
        # Looked up here, once: its client may be used by any thread, but making one takes long.
        return stored.content_length, partial(bucket.read_range, stored)

    def download(self, name: str, path: Path) -> None:
        bucket.download(bucket.find_object(self._media, name), path)

    def delete_below(self, prefix: str) -> None:
        bucket.delete_below(self._media, prefix)

    def list_below(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        return bucket.list_below(self._media, prefix)

    def delete_named(self, names: Sequence[str]) -> None:
        bucket.delete_named(self._media, names)

    def require_usable(self) -> None:
        self._media.exists("healthz")


def objects_of(media: Storage) -> ObjectStore:
    """Return what handles the objects of a store that is no filesystem."""
    return media if isinstance(media, IpfsStorage) else _Bucket(media)
