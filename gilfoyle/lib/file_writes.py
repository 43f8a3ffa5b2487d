"""How objects are written on a filesystem: beside their name first, so that nothing half-written is ever seen."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterable
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage_faults import faults
from gilfoyle.lib.store_marks import make_folder_of

# A filesystem without links, a file with too many, another mount.
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
INCOMING = "incoming"  # unfinished writes, on the same filesystem as the rest, so that a rename finishes them


def write_then_rename(
    files: FileSystemStorage, name: str, pieces: Iterable[bytes], *, is_final: bool = False
) -> bool:
    """Write beside, then show under the name; where it is final, only if nothing has the name."""
    target = Path(files.path(name))
    unfinished = Path(files.path(f"{INCOMING}/{random_text(22)}"))
    # The iterable is advanced outside of _faults: its errors are its caller's, and not the store's.
    with faults(name):
        make_folder_of(unfinished, f"{INCOMING}/{unfinished.name}")
        file = unfinished.open("xb", buffering=0)
    try:
        with file:
            for piece in pieces:
                with faults(name):
                    write_whole(file, piece)
            with faults(name):
                os.fsync(file.fileno())
        with faults(name):
            make_folder_of(target, name)
            if is_final and not _take_name(unfinished, target):
                return False
            if not is_final:
                unfinished.replace(target)
            sync_folder(target.parent)
            return True
    finally:
        unfinished.unlink(missing_ok=True)


def has_links(files: FileSystemStorage) -> bool:
    one, other = (Path(files.path(f"{INCOMING}/{random_text(22)}")) for _ in range(2))
    make_folder_of(one, f"{INCOMING}/{one.name}")
    one.touch()
    try:
        other.hardlink_to(one)
    except OSError:
        return False
    finally:
        one.unlink(missing_ok=True)
        other.unlink(missing_ok=True)
    return True


def _take_name(unfinished: Path, target: Path) -> bool:
    """Give a file its name in one step that fails where the name is taken."""
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # A filesystem without links (`is_write_once` tells): to look before is the best there is.
        if target.exists():
            return False
        unfinished.replace(target)
    return True


def write_whole(file: io.FileIO, piece: bytes | memoryview) -> None:
    """Write all of it: an unbuffered file may take less at once."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def write_at(descriptor: int, data: memoryview, start: int) -> None:
    """Write all of it at one place of a file."""
    while data:
        count = os.pwrite(descriptor, data, start)
        data, start = data[count:], start + count


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link(path: Path, target: Path, name: str) -> bool:
    """Tell whether `target` is there now; False on a filesystem without links."""
    with faults(name):
        make_folder_of(target, name)
        try:
            target.hardlink_to(path)
        except FileExistsError:
            return True
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            return False
        sync_folder(target.parent)
        return True
