from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from gilfoyle.lib.memory import usable_memory_bytes

MEMINFO = "MemTotal:        8388608 kB\nMemFree:          123 kB\n"
GIB = 1024**3


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({}, None),
        ({"proc/meminfo": "nothing of use"}, None),
        ({"proc/meminfo": MEMINFO}, 8 * GIB),
        # version 2: a service with a limit of its own, below a slice with a tighter one
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/system.slice/gilfoyle.service\n",
                "sys/fs/cgroup/system.slice/gilfoyle.service/memory.max": f"{4 * GIB}\n",
                "sys/fs/cgroup/system.slice/memory.max": f"{3 * GIB}\n",
            },
            3 * GIB,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/a\n",
                "sys/fs/cgroup/a/memory.max": "max\n",
            },
            8 * GIB,
        ),
        # a container: its own group is the root
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
            },
            2 * GIB,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/../../docker/abc\n",
                "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
            },
            2 * GIB,
        ),
        # version 1: no limit is a very large number
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n",
                "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
            },
            8 * GIB,
        ),
        (
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "4:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/x\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            },
            GIB,
        ),
    ],
)
def test_the_tightest_limit_counts(files: dict[str, str], wanted: int | None, tmp_path: Path) -> None:
    assert usable_memory_bytes(write(tmp_path, files)) == wanted


def test_here_it_is_no_more_than_the_machine_has() -> None:
    usable = usable_memory_bytes()
    assert usable is not None
    assert 0 < usable <= psutil.virtual_memory().total
