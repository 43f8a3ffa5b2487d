"""Where bytes live: one interface over Django's "media" storage: files, or one of `object_store.py`.

Nothing half-written is ever visible under its name. Names come from `videos/layout.py` only.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from gilfoyle.lib import file_writes
from gilfoyle.lib.file_writes import INCOMING
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.object_store import objects_of
from gilfoyle.lib.storage_faults import ObjectMissing as ObjectMissing  # noqa: PLC0414 - told of here too
from gilfoyle.lib.storage_faults import StorageFault as StorageFault  # noqa: PLC0414 - told of here too
from gilfoyle.lib.storage_faults import faults
from gilfoyle.lib.store_marks import require_store
from gilfoyle.lib.store_places import RENDITIONS, all_of, every_store, home_of, other_of, place_of

COPY_BYTES = 1024 * 1024


def _files(store: Storage) -> FileSystemStorage | None:
    return store if isinstance(store, FileSystemStorage) else None


def save_bytes(name: str, data: bytes) -> None:
    """Store `data` under `name`, replacing what was there.

    Raises: NoSpace, StorageFault.
    """
    save_stream(name, [data])


def add_bytes(name: str, data: bytes) -> bool:
    """Store `data` under `name` for good, unless something is there; tells whether it did. See `is_write_once`.

    Raises: NoSpace, StorageFault.
    """
    if _is_elsewhere(name):
        return False
    home = home_of(name)
    files = _files(home)
    if files is not None:
        return file_writes.write_then_rename(files, name, [data], is_final=True)
    with faults(name):
        return objects_of(home).add(name, io.BytesIO(data))


def _is_elsewhere(name: str) -> bool:
    """Tell whether an object that is stored for good lies where all is being moved from."""
    other = other_of(name)
    with faults(name):
        return other is not None and other.exists(name)


def add_file(name: str, path: Path) -> bool:
    """Store a copy of the file at `path` under `name` for good, unless something is there; tells whether it did.

    Raises: NoSpace, StorageFault.
    """
    if _is_elsewhere(name):
        return False
    home = home_of(name)
    files = _files(home)
    with path.open("rb") as file:
        if files is not None:
            return file_writes.write_then_rename(
                files, name, iter(lambda: file.read(COPY_BYTES), b""), is_final=True
            )
        with faults(name):
            return objects_of(home).add(name, file)


def copy_object(name: str, copy: str) -> None:
    """Give an object that is never changed a second name, without a second copy of its bytes where the store has links.

    Nothing changes where the second name is taken.
    Raises: ObjectMissing, NoSpace, StorageFault.
    """
    with faults(name):
        place = place_of(name)
    path = _path(place, name)
    if path is not None:
        target = local_path(copy)
        if target is None or not file_writes.link(path, target, copy):
            add_file(copy, path)
    elif place is home_of(copy):
        with faults(name):
            objects_of(place).copy(name, copy)
    else:
        with local_copy(name) as copied:
            add_file(copy, copied)


def is_write_once() -> bool:
    """Tell whether the stores themselves keep two writers from both adding an object (else it is looked at before).

    Raises: StorageFault.
    """
    with faults(INCOMING):
        return all(_is_write_once(store) for _, store in every_store())


def _is_write_once(store: Storage) -> bool:
    files = _files(store)
    return objects_of(store).is_write_once() if files is None else file_writes.has_links(files)


def save_stream(name: str, pieces: Iterable[bytes]) -> None:
    """Store the pieces, in constant memory; nothing appears under `name` unless all of them arrived.

    Raises: NoSpace, StorageFault; whatever the iterable raises, after removing what was written.
    """
    write_to(home_of(name), name, pieces)


def write_to(store: Storage, name: str, pieces: Iterable[bytes]) -> None:
    """Store the pieces as `save_stream` does, in this very store.

    Raises: NoSpace, StorageFault; whatever the iterable raises, after removing what was written.
    """
    files = _files(store)
    if files is not None:
        file_writes.write_then_rename(files, name, pieces)
        return
    objects_of(store).upload(name, pieces)


def clear_incoming(*, older_than_s: float) -> int:
    """Remove what killed processes left of their writes: unfinished files that stood still for so long; returns how many.

    A store of objects keeps no such files; there the bucket's own rules remove unfinished parts.

    Raises: StorageFault.
    """
    return sum(_clear_incoming(_files(store), older_than_s) for _, store in every_store())


def _clear_incoming(files: FileSystemStorage | None, older_than_s: float) -> int:
    if files is None:
        return 0
    before, removed = time.time() - older_than_s, 0
    with faults(INCOMING):
        for path in Path(files.path(INCOMING)).glob("*"):
            with suppress(FileNotFoundError):  # a living write that ended meanwhile
                if path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
    return removed


def remove_unnamed() -> int:
    """Remove what a store keeps and no name stands for; returns how many. Only IPFS has such.

    Raises: StorageFault.
    """
    return sum(store.remove_unnamed() for _, store in every_store() if isinstance(store, IpfsStorage))


def open_stored(name: str) -> IO[bytes]:
    """Open an object for reading (seekable).

    Raises: NoSpace, ObjectMissing, StorageFault.
    """
    with faults(name):
        place = place_of(name)
        stored: File[Any] = place.open(name, "rb")
        if _files(place) is None:
            _fetch(stored)
        return stored


def _fetch(stored: File[Any]) -> None:
    """Read an object now that would else be read at its first use, when nobody expects the store to fail."""
    try:
        stored.seek(0)
    except BaseException:
        stored.close()
        raise


def open_ranges(name: str) -> RangeReader:
    """Open an object of which only parts are wanted.

    Raises: ObjectMissing, StorageFault.
    """
    with faults(name):
        return ranges_of(place_of(name), name)


def ranges_of(place: Storage, name: str) -> RangeReader:
    """Open an object of this very store, of which only parts are wanted.

    Raises: ObjectMissing, StorageFault.
    """
    path = _path(place, name)
    with faults(name):
        if path is not None:
            return RangeReader(name, path.stat().st_size, partial(_read_file_range, path))
        size_bytes, read = objects_of(place).open_ranges(name)
        return RangeReader(name, size_bytes, read)


@dataclass(frozen=True, slots=True)
class RangeReader:
    """Reads parts of one object, from any thread."""

    name: str
    size_bytes: int
    _read: Callable[[int, int], bytes]

    def read(self, first: int, length: int) -> bytes:
        """Return exactly `length` bytes from `first` on; a fault of the store's on the way is tried once more.

        Raises: ObjectMissing, StorageFault.
        """
        try:
            return self._read_once(first, length)
        except ObjectMissing:
            raise
        except StorageFault:
            return self._read_once(first, length)

    def _read_once(self, first: int, length: int) -> bytes:
        with faults(self.name):
            data = self._read(first, length)
        if len(data) != length:
            message = "A stored object is shorter than it was."
            raise StorageFault(message, name=self.name)
        return data


def _read_file_range(path: Path, first: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(length)


def local_path(name: str) -> Path | None:
    """Return where an object is to be stored where that store is a filesystem, else None. Of a folder, too."""
    return _path(home_of(name), name)


def stored_path(name: str) -> Path | None:
    """Return the path of an object that is read where its store is a filesystem, else None.

    Raises: StorageFault.
    """
    with faults(name):
        return _path(place_of(name), name)


def _path(store: Storage, name: str) -> Path | None:
    files = _files(store)
    return Path(files.path(name)) if files is not None else None


@contextmanager
def local_copy(name: str, *, folder: Path | None = None) -> Iterator[Path]:
    """Give a path with the object's bytes: its own on a filesystem, else a copy that is removed afterwards.

    The copy lies below `folder`, or where temporary files do.

    Raises: NoSpace, ObjectMissing, StorageFault.
    """
    path = stored_path(name)
    if path is not None:
        if not path.is_file():
            message = "A stored object is missing."
            raise ObjectMissing(message, name=name)
        yield path
        return
    with faults(name):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = Path(tempfile.mkdtemp(prefix="gilfoyle-", dir=folder))
    try:
        copy = scratch / "object"
        _download(name, copy)
        yield copy
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _download(name: str, path: Path) -> None:
    with faults(name):
        objects_of(place_of(name)).download(name, path)


def exists(name: str) -> bool:
    """Tell whether an object is there."""
    with faults(name):
        return any(store.exists(name) for store in all_of(name))


def size_of(name: str) -> int:
    """Return an object's size in bytes.

    Raises: ObjectMissing, StorageFault.
    """
    with faults(name):
        return place_of(name).size(name)


def delete(name: str) -> None:
    """Remove an object; no fault when it is not there.

    Raises: StorageFault.
    """
    with faults(name):
        for store in all_of(name):
            store.delete(name)


def delete_folder(prefix: str) -> None:
    """Remove every object below `prefix`; can be repeated.

    Raises: StorageFault.
    """
    for store in all_of(prefix):
        _delete_folder(store, prefix)


def _delete_folder(store: Storage, prefix: str) -> None:
    files = _files(store)
    if files is not None:
        folder = Path(files.path(prefix))
        with faults(prefix):
            if folder.is_dir():
                shutil.rmtree(folder)
        return
    with faults(prefix):
        objects_of(store).delete_below(prefix)


def require_usable() -> None:
    """See whether the stores could take an object now.

    Raises: StorageFault.
    """
    for _, store in every_store():
        _require_usable(store)


def _require_usable(store: Storage) -> None:
    files = _files(store)
    if files is None:
        with faults("healthz"):
            objects_of(store).require_usable()
        return
    folder = Path(files.location)
    with faults("healthz"):
        require_store(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "may not be written", str(folder))


def free_bytes(of: str = RENDITIONS) -> int | None:
    """Return the free space of the filesystem that a folder is on ("sources", "renditions"), or None for an object store."""
    files = _files(home_of(of))
    if files is None:
        return None
    folder = Path(files.location)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
