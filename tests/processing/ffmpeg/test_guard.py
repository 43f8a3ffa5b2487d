"""The guard is run as workers run it: as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from processing.ffmpeg.runner import GUARD

LIMITS = {"memory_bytes": 2 * 1024**3, "cpu_s": 20, "file_bytes": 1000, "processes": 4096, "niceness": 0}
PRINT_LIMITS = """
import json, resource as r
print(json.dumps({n: r.getrlimit(getattr(r, 'RLIMIT_' + n))[0] for n in ('AS', 'CPU', 'FSIZE', 'CORE')}))
"""
CONNECT = """
import socket
with socket.socket() as s:
    s.settimeout(5)
    print(s.connect_ex(('127.0.0.1', {port})))
"""
SEPARATE_NETWORKS = ("unshare", "--user", "--net", "true")


def guarded(code: str, **changes: int) -> subprocess.CompletedProcess[str]:
    limits = json.dumps({**LIMITS, "parent_pid": os.getpid(), **changes})
    argv = [sys.executable, "-I", "-S", str(GUARD), limits, "--", sys.executable, "-I", "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def test_it_sets_the_limits_and_becomes_the_program() -> None:
    limits = json.loads(guarded(PRINT_LIMITS).stdout)
    assert limits == {"AS": LIMITS["memory_bytes"], "CPU": 20, "FSIZE": 1000, "CORE": 0}


def test_a_program_gives_way_as_far_as_it_is_told() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    ended = guarded("import os; print(os.getpriority(os.PRIO_PROCESS, 0))", niceness=7)
    assert int(ended.stdout) == min(19, ours + 7)


def test_a_program_can_take_no_more_memory_than_allowed() -> None:
    ended = guarded("bytearray(4 * 1024**3)")
    assert "MemoryError" in ended.stderr
    assert ended.returncode != 0


def test_a_program_without_its_parent_does_not_start() -> None:
    assert guarded("print('started')", parent_pid=os.getpid() + 1).stdout == ""


def test_a_missing_program_is_said_in_words() -> None:
    limits = json.dumps({**LIMITS, "parent_pid": os.getpid()})
    argv = [sys.executable, "-I", "-S", str(GUARD), limits, "--", "/no/such/program"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (127, "/no/such/program: No such file or directory\n")


def test_a_program_reaches_no_network_where_the_system_can_take_it_away() -> None:
    try:
        can = subprocess.run(SEPARATE_NETWORKS, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        can = False
    if not can:
        pytest.skip("this system allows no network namespace")
    import socket  # noqa: PLC0415 - only where there is something to test

    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = guarded(CONNECT.format(port=server.getsockname()[1]))
    assert int(ended.stdout) != 0
