"""Room on this machine's disks that work under way will still take: promised before it begins, gone with its process.

A promise is a file that its process holds locked; the kernel drops the lock when the process ends, however it ends. So
nothing of it survives: a file that is not locked promises nothing.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.ids import random_text

REGISTRY = "reservations"  # the folder in data_dir
LOCK = "lock"
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Claim:
    """So many bytes on the disk of a folder; what already lies in `written_to` is part of them."""

    disk: Path
    size_bytes: int
    written_to: Path | None = None


@contextmanager
def reserve(registry: Path, claims: Sequence[Claim], *, keep_bytes: int) -> Iterator[None]:
    """Promise room for as long as the block runs; `keep_bytes` of each disk stay free besides.

    Raises: NoSpace where it would not fit beside what others were promised; OSError.
    """
    held = _promise(registry, claims, keep_bytes)
    try:
        yield
    finally:
        if held is not None:
            with suppress(FileNotFoundError):
                Path(held.name).unlink()
            held.close()


def promised_bytes(registry: Path, disk: Path) -> int:
    """Return how much running work will still take of the disk of a folder."""
    if not registry.is_dir():
        return 0
    try:
        with _locked(registry):
            return _promised(registry, _device(disk))
    except OSError:  # a count that can't be made refuses nobody
        return 0


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that a folder is, or will be, on."""
    found = os.statvfs(_existing(folder))
    return found.f_bavail * found.f_frsize


def is_same_disk(one: Path, other: Path) -> bool:
    """Tell whether two folders are, or will be, on one disk."""
    return _device(one) == _device(other)


def _promise(registry: Path, claims: Sequence[Claim], keep_bytes: int) -> IO[str] | None:
    registry.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _locked(registry):
            _require_room(registry, claims, keep_bytes)
            return _written(registry, claims)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    # A filesystem without locks: what is free now is all there is to go by.
    _require_room(None, claims, keep_bytes)
    return None


@contextmanager
def _locked(registry: Path) -> Iterator[None]:
    with (registry / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_room(registry: Path | None, claims: Sequence[Claim], keep_bytes: int) -> None:
    """Raises: NoSpace."""
    wanted: dict[int, int] = {}
    for claim in claims:
        device = _device(claim.disk)
        wanted[device] = wanted.get(device, 0) + claim.size_bytes
    disks = {_device(claim.disk): claim.disk for claim in claims}
    for device, size_bytes in wanted.items():
        free, promised = free_bytes(disks[device]), _promised(registry, device) if registry else 0
        if free - promised - size_bytes < keep_bytes:
            message = (
                f"About {_mib(size_bytes)} are needed on the disk of {disks[device]}; {_mib(free)} are free, of which"
                f" {_mib(promised)} are promised to work under way and {_mib(keep_bytes)} kept in reserve."
            )
            raise NoSpace(message, folder=str(disks[device]))


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MIB:,.1f} MiB"


def _written(registry: Path, claims: Sequence[Claim]) -> IO[str]:
    """Write a promise down, and hold it."""
    path = registry / random_text(22)
    file = path.open("x", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(
            [
                [_device(claim.disk), claim.size_bytes, str(claim.written_to) if claim.written_to else None]
                for claim in claims
            ],
            file,
        )
        file.flush()
    except BaseException:  # whatever it was: nobody would ever remove what no reservation stands for
        path.unlink()
        with suppress(OSError):  # closing tries once more to write what did not fit
            file.close()
        raise
    return file


def _promised(registry: Path, device: int) -> int:
    """Add up the promises that are held for a disk; call it under the registry's lock. What nobody holds is removed."""
    total = 0
    for path in registry.iterdir():
        if path.name == LOCK:
            continue
        with suppress(FileNotFoundError), path.open(encoding="ascii") as file:  # its owner has just ended
            if _is_held(file):
                total += sum(_outstanding(*one) for one in json.load(file) if one[0] == device)
            else:
                path.unlink()
    return total


def _is_held(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _outstanding(_device: int, size_bytes: int, written_to: str | None) -> int:
    return max(0, size_bytes - (_used_bytes(written_to) if written_to else 0))


def _used_bytes(folder: str) -> int:
    """Return what the files in a folder take on their disk."""
    used = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # work goes on meanwhile
                used += os.lstat(Path(place) / name).st_blocks * 512
    return used


def _device(folder: Path) -> int:
    return _existing(folder).stat().st_dev


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
