"""How much memory this process may count on: the machine's, or less where a container has a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

KIB = 1024


def usable_memory_bytes(root: Path = Path("/")) -> int | None:
    """Return the machine's memory or the tightest limit of a cgroup around us; None where the system doesn't say."""
    found = [*_machine(root / "proc/meminfo"), *_limits(root)]
    return min(found, default=None)


def _machine(meminfo: Path) -> Iterator[int]:
    total = re.search(r"^MemTotal:\s+(\d+) kB$", _read(meminfo), re.MULTILINE)
    if total:
        yield int(total[1]) * KIB


def _limits(root: Path) -> Iterator[int]:
    """Yield the limit of each group from ours upwards: version 2 has one tree, version 1 one for memory."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield from _limits_of(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_of(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")


def _limits_of(tree: Path, path: str, name: str) -> Iterator[int]:
    group = tree / path.strip("/")
    # A container sees its own group as the tree's root, whatever the path says that the host knows it by.
    for folder in (group, *group.parents):
        limit = _read(folder / name).strip()
        if limit.isdecimal():  # "max" is none
            yield int(limit)
        if folder == tree:
            return


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
