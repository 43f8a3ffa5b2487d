"""The media store on IPFS: every object is sealed here before the node sees it, whatever lies above.

Bytes on IPFS can be fetched by whoever learns their address, and nobody can take them back. So each object has a random
key of its own, which lies wrapped in the row of its name alone: with the row goes the only thing that opens it.

The order of things is what makes a kill at any moment harmless:
    store:  add (unpinned) -> note the pin -> pin -> name it, which is when the object is there
    delete: take the name away and note its pin, in one transaction -> unpin -> forget the pin
What was added and not noted is not pinned: the node's own garbage collection takes it. What is noted is swept.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage
from django.utils import timezone

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.file_writes import write_whole
from gilfoyle.lib.ipfs_names import IpfsNames, NamedObject, get_names
from gilfoyle.lib.ipfs_node import IpfsCluster, IpfsGateway, IpfsNode
from gilfoyle.lib.sealed_chunks import HEADER_BYTES, TAG_BYTES, SealedReader, new_key, seal, sealed_size
from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault, faults
from gilfoyle.lib.wrapped_keys import unwrap_key, wrap_key

PURPOSE = "ipfs"
READ_BYTES = 1024 * 1024
AT_ONCE_BYTES = 8 * 1024 * 1024
HEAD_BYTES = HEADER_BYTES + 64 * 1024 + TAG_BYTES  # the header and the first chunk come by one request
UNNAMED = timedelta(hours=1)  # between a pin and its name lie moments
log = structlog.get_logger(__name__)


class IpfsStorage(Storage):
    """Django's interface, and `ObjectStore` of object_store.py."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._clients: dict[int, _Clients] = {}

    @property
    def _at(self) -> _Clients:
        """The connections of this process: a child must not use its parent's."""
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = _Clients(**self._options)
        return self._clients[process]

    @cached_property
    def _names(self) -> IpfsNames:
        return get_names()

    def _find(self, name: str) -> NamedObject:
        found = self._names.find(name)
        if found is None:
            message = "A stored object is missing."
            raise ObjectMissing(message, name=name)
        return found

    # What is stored

    def upload(self, name: str, pieces: Iterable[bytes]) -> None:
        self._store(name, pieces, is_final=False)

    def add(self, name: str, body: IO[bytes]) -> bool:
        # To look before spares the node what would not be kept; the row decides.
        if self.exists(name):
            return False
        return self._store(name, iter(lambda: body.read(READ_BYTES), b""), is_final=True)

    def _store(self, name: str, pieces: Iterable[bytes], *, is_final: bool) -> bool:
        key, counted = new_key(), _Counted(pieces)
        cid = self._at.node.add(seal(counted, key))
        self._names.note_pin(cid)
        self._at.pin(cid)
        wrapped = wrap_key(key, purpose=PURPOSE, owner=name, root_secret=settings.GILFOYLE_ROOT_SECRET)
        named = NamedObject(name, cid, counted.size_bytes, wrapped)
        is_named, unnamed = self._names.give_name(named, is_final=is_final)
        self._unpin(unnamed)
        return is_named

    def copy(self, name: str, other: str) -> None:
        """Give an object a second name; its bytes are there once."""
        found = self._find(name)
        root_secret = settings.GILFOYLE_ROOT_SECRET
        wrapped = wrap_key(_key_of(found), purpose=PURPOSE, owner=other, root_secret=root_secret)
        if not self._names.copy(NamedObject(other, found.cid, found.size_bytes, wrapped), of=name):
            message = "A stored object is missing."
            raise ObjectMissing(message, name=name)

    def is_write_once(self) -> bool:
        return True

    # What is removed

    def delete(self, name: str) -> None:
        self._unpin(self._names.remove([name]))

    def delete_below(self, prefix: str) -> None:
        while self._names.has_below(prefix):
            self._unpin(self._names.remove_below(prefix))

    def delete_named(self, names: Sequence[str]) -> None:
        self._unpin(self._names.remove(names))

    def remove_unnamed(self) -> int:
        """Unpin what no name stands for: what killed processes left, and what could not be unpinned; returns how many.

        Raises: StorageFault.
        """
        removed = 0
        while cids := self._names.claim_unnamed(noted_before=timezone.now() - UNNAMED):
            for cid in cids:
                self._at.unpin(cid)
                self._names.forget_pin(cid)
            removed += len(cids)
        return removed

    def _unpin(self, cids: Sequence[str]) -> None:
        """Unpin what is gone already; where the node does not answer, the sweep does it later."""
        for cid in cids:
            try:
                self._at.unpin(cid)
            except (StorageFault, NoSpace) as fault:
                log.warning("not_unpinned", cid=cid, error=fault.message)
                return
            self._names.forget_pin(cid)

    # What is read

    def open_ranges(self, name: str) -> tuple[int, Callable[[int, int], bytes]]:
        reader = self._open_sealed(name)
        return reader.size_bytes, partial(_read_within, reader)

    def _open_sealed(self, name: str) -> SealedReader:
        found = self._find(name)
        stored = _Stored(self._at.read, found.cid, sealed_size(found.size_bytes))
        return SealedReader.of(stored.read, stored_bytes=stored.size_bytes, key=_key_of(found))

    def download(self, name: str, path: Path) -> None:
        reader = self._open_sealed(name)
        reader.require_end()
        with path.open("xb", buffering=0) as file:
            for first in range(0, reader.size_bytes, READ_BYTES):
                piece = reader.read(first, min(READ_BYTES, reader.size_bytes - first))
                with faults(name):
                    write_whole(file, piece)

    def exists(self, name: str) -> bool:
        return self._names.find(name) is not None

    def size(self, name: str) -> int:
        return self._find(name).size_bytes

    def list_below(self, prefix: str) -> Iterator[tuple[str, int, float]]:
        for name, size_bytes, stored_at in self._names.list_below(prefix):
            yield name, size_bytes, stored_at.timestamp()

    def require_usable(self) -> None:
        self._at.require_usable()

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            message = "An object of IPFS never changes."
            raise ValueError(message)
        reader = self._open_sealed(name)
        if reader.size_bytes <= AT_ONCE_BYTES:
            # Nearly every segment: a node that fails does so before a viewer was promised anything.
            return File(io.BytesIO(reader.read(0, reader.size_bytes)), name)
        return File(io.BufferedReader(_Opened(reader), READ_BYTES), name)

    def _save(self, name: str, content: File[Any]) -> str:
        self.upload(name, content.chunks(READ_BYTES))
        return name


def _read_within(reader: SealedReader, first: int, length: int) -> bytes:
    """Return what there is of a part, as stores do."""
    return (
        reader.read(first, max(0, min(length, reader.size_bytes - first)))
        if first < reader.size_bytes
        else b""
    )


def _key_of(found: NamedObject) -> bytes:
    return unwrap_key(
        found.wrapped, purpose=PURPOSE, owner=found.name, root_secret=settings.GILFOYLE_ROOT_SECRET
    )


class _Clients:
    """The node, and what may stand beside it."""

    def __init__(
        self,
        *,
        rpc_url: str,
        rpc_auth: str,
        cluster_url: str,
        cluster_auth: str,
        gateway_url: str,
        timeout_s: float,
    ) -> None:
        self.node = IpfsNode(rpc_url, rpc_auth, timeout_s)
        self.cluster = IpfsCluster(cluster_url, cluster_auth, timeout_s) if cluster_url else None
        self.read = IpfsGateway(gateway_url, "", timeout_s).read if gateway_url else self.node.read

    def pin(self, cid: str) -> None:
        self.node.pin(cid)
        if self.cluster is not None:
            self.cluster.pin(cid)

    def unpin(self, cid: str) -> None:
        if self.cluster is not None:
            self.cluster.unpin(cid)
        self.node.unpin(cid)

    def require_usable(self) -> None:
        self.node.version()
        if self.cluster is not None:
            self.cluster.version()


class _Counted:
    """Pieces that are counted as they pass."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self.size_bytes = pieces, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size_bytes += len(piece)
            yield piece


class _Stored:
    """A sealed object as it lies on IPFS: its first bytes are fetched at once, for they are always wanted."""

    def __init__(self, read: Callable[[str, int, int], bytes], cid: str, size_bytes: int) -> None:
        self._read, self._cid, self.size_bytes = read, cid, size_bytes
        self._head = read(cid, 0, min(size_bytes, HEAD_BYTES))

    def read(self, first: int, length: int) -> bytes:
        known = self._head[first : first + length]
        return known if len(known) == length else self._read(self._cid, first, length)


class _Opened(io.RawIOBase):
    """An object as a file."""

    def __init__(self, reader: SealedReader) -> None:
        self._reader, self._at = reader, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reader.size_bytes}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, target: Any) -> int:
        data = _read_within(self._reader, self._at, len(target))
        target[: len(data)] = data
        self._at += len(data)
        return len(data)
