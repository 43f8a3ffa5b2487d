"""The guard is run as workers run it: as a program of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from processing.ffmpeg.isolation import has_private_files
from processing.ffmpeg.runner import GUARD, OUR_PYTHON
from tests.clips import ffmpeg_path

OURS = [str(path) for path in OUR_PYTHON]
LIMITS: dict[str, object] = {
    "memory_bytes": 2 * 1024**3,
    "cpu_s": 20,
    "file_bytes": 1000,
    "processes": 4096,
    "niceness": 0,
    "reads": OURS,
    "writes": [],
}
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
SESSIONS = Path("/proc/self/autogroup")
SEPARATE_NETWORKS = ("unshare", "--user", "--net", "true")


def guarded(code: str, **changes: object) -> subprocess.CompletedProcess[str]:
    limits = json.dumps({**LIMITS, "parent_pid": os.getpid(), **changes})
    argv = [sys.executable, "-I", "-S", str(GUARD), limits, "--", sys.executable, "-I", "-c", code]
    # In a session of its own, as the runner starts it.
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, start_new_session=True
    )


def test_it_sets_the_limits_and_becomes_the_program() -> None:
    limits = json.loads(guarded(PRINT_LIMITS).stdout)
    assert limits == {"AS": LIMITS["memory_bytes"], "CPU": 20, "FSIZE": 1000, "CORE": 0}


def test_a_program_gives_way_as_far_as_it_is_told() -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    ended = guarded("import os; print(os.getpriority(os.PRIO_PROCESS, 0))", niceness=7)
    assert int(ended.stdout) == min(19, ours + 7)


def test_its_session_gives_way_too_as_sessions_share_the_machine_among_them() -> None:
    if not SESSIONS.exists():
        pytest.skip("this kernel does not group by session")
    before = SESSIONS.read_text()  # the group of whoever runs the tests; who that is, is not ours to say
    ended = guarded(f"print(open({str(SESSIONS)!r}).read())", niceness=7)
    assert ended.stdout.strip().endswith("nice 7")
    assert SESSIONS.read_text() == before, "ours does not"


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
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = guarded(CONNECT.format(port=server.getsockname()[1]))
    assert int(ended.stdout) != 0


TOUCH = """
import os
def tell(what, act):
    try:
        act()
        print(what, "done")
    except OSError as error:
        print(what, error.strerror)
tell("read", lambda: open({read!r}).close())
tell("list", lambda: os.listdir({folder!r}))
tell("write", lambda: open({write!r}, "w").close())
tell("link", lambda: os.symlink("/etc/passwd", {write!r} + ".link"))
tell("remove", lambda: os.remove({read!r}))
"""


def touching(read: Path, write: Path) -> str:
    return TOUCH.format(read=str(read), folder=str(read.parent), write=str(write))


needs_private_files = pytest.mark.skipif(
    not has_private_files(), reason="this kernel does not rule files by program (Landlock)"
)


@needs_private_files
def test_a_program_touches_no_file_but_the_named_ones(tmp_path: Path) -> None:
    work, kept = tmp_path / "work", tmp_path / "kept"
    work.mkdir()
    kept.mkdir()
    (kept / "mine").write_text("mine")
    (kept / "other").write_text("not yours")
    ended = guarded(touching(kept / "other", kept / "new"), reads=[*OURS, str(kept / "mine")])
    denied = "Permission denied"
    assert ended.stdout.splitlines() == [f"{w} {denied}" for w in ("read", "list", "write", "link", "remove")]
    assert sorted(path.name for path in kept.iterdir()) == ["mine", "other"]


@needs_private_files
def test_a_program_reads_its_source_and_works_in_its_folder(tmp_path: Path) -> None:
    work, source = tmp_path / "work", tmp_path / "source"
    work.mkdir()
    source.write_text("mine")
    ended = guarded(touching(source, work / "new"), reads=[*OURS, str(source)], writes=[str(work)])
    words = [line.split(" ", 1)[1] for line in ended.stdout.splitlines()]
    assert words == ["done", "Permission denied", "done", "Permission denied", "Permission denied"]
    assert [path.name for path in work.iterdir()] == ["new"]


@needs_private_files
def test_a_program_can_neither_look_into_its_parent_nor_signal_it() -> None:
    code = f"""
import os
for act in (lambda: open('/proc/{os.getpid()}/environ').close(), lambda: os.kill({os.getpid()}, 0)):
    try:
        act()
    except OSError as error:
        print(error.strerror)
"""
    assert guarded(code).stdout.splitlines() == ["Permission denied", "Operation not permitted"]


@needs_private_files
def test_the_ffmpeg_that_is_shipped_reads_what_it_is_told_to_and_nothing_else(tmp_path: Path) -> None:
    """The kernel's word stands also where ffmpeg itself would open anything."""
    (tmp_path / "list.txt").write_text("ffconcat version 1.0\nfile secret.y4m\n")
    (tmp_path / "secret.y4m").write_bytes(b"YUV4MPEG2 W2 H2 F1:1 C420\nFRAME\n" + b"\0" * 6)
    argv = [ffmpeg_path(), "-v", "error", "-safe", "0", "-i", str(tmp_path / "list.txt"), "-f", "null", "-"]
    limits = {**LIMITS, "parent_pid": os.getpid(), "reads": [str(tmp_path / "list.txt")]}

    def run(limits: dict[str, object]) -> subprocess.CompletedProcess[str]:
        guard = [sys.executable, "-I", "-S", str(GUARD), json.dumps(limits), "--", *argv]
        return subprocess.run(guard, capture_output=True, text=True, check=False, timeout=60)

    refused = run(limits)
    assert refused.returncode != 0
    assert "secret.y4m" in refused.stderr
    assert "Permission denied" in refused.stderr
    assert run({**limits, "reads": [str(tmp_path)]}).returncode == 0


def test_a_program_that_is_to_be_served_does_not_start_where_nothing_could_be_opened_for_it() -> None:
    closed = socket.socket()
    descriptor = closed.fileno()
    closed.close()
    ended = guarded("print('started')", serve={"descriptor": descriptor, "port": 8080})
    assert ended.returncode != 0
    assert ended.stdout == ""
