"""Brings large files of a work folder into the media store, where possible without copying them; and objects into others."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

from django.core.files.storage import FileSystemStorage, Storage

from gilfoyle.lib.bucket import Pieces
from gilfoyle.lib.file_writes import sync_folder, write_then_rename
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.object_store import objects_of
from gilfoyle.lib.storage import add_file, local_path, write_to
from gilfoyle.lib.storage_faults import faults
from gilfoyle.lib.store_marks import make_folder_of

AT_ONCE_BYTES = (
    16 * 1024 * 1024
)  # a segment nearly always; a bucket takes what is added by one request, from memory


def add_to(store: Storage, name: str, pieces: Iterable[bytes], *, size_bytes: int) -> bool:
    """Store the pieces in this very store, unless something has the name; tells whether it did.

    In a bucket, larger objects are not kept from replacing one that came a moment ago: their names have one writer.

    Raises: NoSpace, StorageFault; whatever the iterable raises.
    """
    if isinstance(store, FileSystemStorage):
        return write_then_rename(store, name, pieces, is_final=True)
    if isinstance(store, IpfsStorage):
        with faults(name):
            return store.add(name, io.BufferedReader(Pieces(pieces)))
    if size_bytes > AT_ONCE_BYTES:
        write_to(store, name, pieces)
        return True
    body = io.BytesIO(b"".join(pieces))
    with faults(name):
        return objects_of(store).add(name, body)


def take_file(name: str, path: Path) -> bool:
    """Store the file at `path` under `name` for good, unless something is there; tells whether it did.

    It may afterwards be the very same file: nobody may write to it any more.

    Raises: NoSpace, StorageFault.
    """
    target = local_path(name)
    return (target is not None and _link(name, path, target)) or add_file(name, path)


def _link(name: str, path: Path, target: Path) -> bool:
    """Give a file a second name; False where that is not possible: on another filesystem, on one without links."""
    with faults(name):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        make_folder_of(target, name)
        try:
            target.hardlink_to(path)
        except OSError:
            return False
        sync_folder(target.parent)
        return True
