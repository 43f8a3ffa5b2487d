"""What lies in the media store, named or not: listed as a stream, and removed many at once.

On a filesystem no symbolic link is followed but those of the folders right below the store's own, which an operator may
have put on other disks: whatever else a link leads to is not the store's.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import FileSystemStorage, Storage

from gilfoyle.lib.object_store import objects_of
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.store_marks import MARK
from gilfoyle.lib.store_places import all_of

AT_ONCE = 1000  # as many as S3 lists, or removes, by one request
_FOLDER = os.O_RDONLY | os.O_DIRECTORY
_ELSEWHERE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR})  # gone, or a link by now


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of an object. `changed_at`: seconds since 1970, when its bytes or its name came to be."""

    name: str
    size_bytes: int
    changed_at: float
    is_plain: bool = True  # False: a symbolic link, a device …, or a name that is no text


def list_objects(prefix: str) -> Iterator[StoredObject]:
    """Yield what lies below a folder, wherever it may be; as it is at home where it is in two stores.

    Raises: StorageFault.
    """
    found = {one.name: one for store in all_of(prefix) for one in list_store(store, prefix)}
    yield from found.values()


def list_store(media: Storage, prefix: str = "") -> Iterator[StoredObject]:
    """Yield what lies below a folder of a store, or all there is, in constant memory and in no order.

    What comes or goes meanwhile may be among it or not.

    Raises: StorageFault.
    """
    if isinstance(media, FileSystemStorage):
        with faults(prefix):
            top = Path(media.path(prefix)) if prefix else Path(media.location)
            yield from _walk(top, prefix)
        return
    with faults(prefix):
        for name, size_bytes, changed_at in objects_of(media).list_below(prefix):
            yield StoredObject(name, size_bytes, changed_at)


def require_root(media: Storage) -> None:
    """See that a store is there at all; one whose disk is not mounted would list as empty. A bucket says so by itself.

    Raises: StorageFault.
    """
    if not isinstance(media, FileSystemStorage):
        return
    root = Path(media.location)
    with faults(str(root)):
        lost = [root] if not root.is_dir() else [path for path in root.iterdir() if _leads_nowhere(path)]
    if lost:
        message = f"There is no folder {lost[0]}: is its disk mounted?"
        raise StorageFault(message, name=str(lost[0]))


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _walk(folder: Path, prefix: str) -> Iterator[StoredObject]:
    folders: list[tuple[Path, str]] = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}/{entry.name}" if prefix else entry.name
            with suppress(FileNotFoundError):  # it went meanwhile
                if entry.name == MARK and "/" not in prefix:
                    continue
                if entry.is_dir(follow_symlinks=not prefix):
                    folders.append((folder / entry.name, name))
                else:
                    yield _as_object(entry, name)
    for path, name in folders:
        yield from _walk(path, name)


def _as_object(entry: os.DirEntry[str], name: str) -> StoredObject:
    found = entry.stat(follow_symlinks=False)
    printable = name.encode(errors="backslashreplace").decode()
    is_plain = stat.S_ISREG(found.st_mode) and printable == name
    # A second name for old bytes (`copy_object`) changes the latter alone.
    return StoredObject(printable, found.st_size, max(found.st_mtime, found.st_ctime), is_plain)


def remove_objects(media: Storage, objects: Sequence[StoredObject]) -> list[str]:
    """Remove objects of a store, each only if it is still what was listed; returns the names of those that are gone.

    On a bucket that is not looked at again: their names must be such that nobody uses a second time.

    Raises: StorageFault where some could not be removed; others are gone then.
    """
    if isinstance(media, FileSystemStorage):
        return [one.name for one in objects if _unlink(Path(media.location), one)]
    names = [one.name for one in objects]
    for first in range(0, len(names), AT_ONCE):
        with faults(names[first]):
            objects_of(media).delete_named(names[first : first + AT_ONCE])
    return names


def _unlink(root: Path, one: StoredObject) -> bool:
    """Remove a file, whose folders are walked down to without following a link that took the place of one meanwhile."""
    *folders, last = one.name.split("/")
    with faults(one.name):
        try:
            place = os.open(root, _FOLDER)
            try:
                for depth, folder in enumerate(folders):
                    below = os.open(folder, _FOLDER | (os.O_NOFOLLOW if depth else 0), dir_fd=place)
                    os.close(place)
                    place = below
                is_same = _is_still(os.stat(last, dir_fd=place, follow_symlinks=False), one)
                if is_same:
                    os.unlink(last, dir_fd=place)
                return is_same
            finally:
                os.close(place)
        except OSError as error:
            if error.errno in _ELSEWHERE:
                return False
            raise


def _is_still(found: os.stat_result, one: StoredObject) -> bool:
    """Tell whether a file is what was listed."""
    if not stat.S_ISREG(found.st_mode):
        return False
    return found.st_size == one.size_bytes and max(found.st_mtime, found.st_ctime) == one.changed_at
