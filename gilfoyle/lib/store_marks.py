"""The mark of a folder that is a store: a small file, which is not there while the folder's disk is not mounted.

A mount point without its disk is a folder like any other: what is stored there is hidden by the next mount. So the first two
folders of a name (`sources/PROJECT`) are made only in a store that is proven to be ours; those of all that is stored there
are gone with the disk. Whether it is ours is asked of the rows, which this package does not know.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage_faults import faults

MARK = ".gilfoyle-store"
_WORDS = "Gilfoyle knows by this file that the disk of its media store is mounted. Leave it here.\n"
_LONGEST = 1024
_PROVEN_FOLDERS = 2
_is_trusted: ContextVar[bool] = ContextVar("is_trusted", default=False)


class _Guard:
    """What is asked about the folder of a store; `gilfoyle/apps.py` says what."""

    require: Callable[[Path], None] = staticmethod(lambda _root: None)


def ask_before_storing(require: Callable[[Path], None]) -> None:
    """Let nothing be begun in the folder of a store of which this raises."""
    _Guard.require = staticmethod(require)


@contextmanager
def trusted() -> Iterator[None]:
    """Ask nothing meanwhile: what is stored is what the rows are to be, or is removed at once."""
    token = _is_trusted.set(True)
    try:
        yield
    finally:
        _is_trusted.reset(token)


def require_store(root: Path) -> None:
    """Raises: StorageFault, where a folder may be none of this installation's stores."""
    if not _is_trusted.get():
        _Guard.require(root)


def make_folder_of(path: Path, name: str) -> None:
    """Make the folder that an object of this name is to lie in. Raises: StorageFault, OSError."""
    root, folders = path.parents[name.count("/")], name.split("/")[:-1]
    if not root.joinpath(*folders[:_PROVEN_FOLDERS]).is_dir():
        require_store(root)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def read_mark(folder: Path) -> str:
    """Return the id of the store that a folder is; "" where it has no mark. Raises: StorageFault."""
    with faults(MARK):
        try:
            with (folder / MARK).open("rb") as file:
                text = file.read(_LONGEST).decode(errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return ""
    return text.partition("\n")[0].strip()[:64]


def make_mark(folder: Path) -> str:
    """Give a folder a mark where it has none; returns the id that it has now. Raises: NoSpace, StorageFault."""
    aside = folder / f"{MARK}-{random_text(16)}"
    with faults(MARK):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with aside.open("x", encoding="ascii") as file:
                file.write(f"{random_text(22)}\n{_WORDS}")
                file.flush()
                os.fsync(file.fileno())
            if not read_mark(folder):
                aside.replace(
                    folder / MARK
                )  # a filesystem may have no links; of two at once the later one counts
        finally:
            aside.unlink(missing_ok=True)
    return read_mark(folder)
