"""Disks of a few MiB, to be filled: a tmpfs where the system lets us mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

PIECE_BYTES = 4096


@contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[Path]:
    """Give an empty disk at `folder`; it is gone afterwards, with all that is on it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not _can_mount(folder):  # no service that a CI could start: a right that its machine has or lacks
        pytest.skip("this system lets nobody mount a tmpfs")
    _mount(folder, size_bytes)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@cache
def _can_mount(folder: Path) -> bool:
    try:
        _mount(folder, PIECE_BYTES)
    except (OSError, subprocess.CalledProcessError):
        return False
    subprocess.run(["umount", folder], check=True)
    return True


def _mount(folder: Path, size_bytes: int) -> None:
    options = f"size={size_bytes},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)


def fill(disk: Path, *, but_bytes: int = 0) -> Path:
    """Fill a disk but for so many bytes; return the file that does, to be removed again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PIECE_BYTES))
        except OSError:
            file.truncate(file.tell() - but_bytes)
    return filler
