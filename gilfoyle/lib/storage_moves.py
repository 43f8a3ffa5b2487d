"""Brings large files of a work folder into the media store, where possible without copying them."""

from __future__ import annotations

import os
from pathlib import Path

from gilfoyle.lib.file_writes import sync_folder
from gilfoyle.lib.storage import add_file, local_path
from gilfoyle.lib.storage_faults import faults


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
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            target.hardlink_to(path)
        except OSError:
            return False
        sync_folder(target.parent)
        return True
