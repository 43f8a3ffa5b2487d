from __future__ import annotations

import errno
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gilfoyle.lib.errors import StaleWork
from processing.errors import ToolFailed, ToolTimedOut
from processing.ffmpeg import runner
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import NO_FILES, STDERR_TAIL_BYTES, Files, Limits, run_captured, run_ffmpeg
from processing.ffmpeg.script_forks import end_host
from tests.clips import ffmpeg_path

LIMITS = Limits(memory_bytes=2 * 1024**3, cpu_s=60, file_bytes=10_000_000)
FOREVER = "import time\nwhile True: time.sleep(1)"


@pytest.fixture(autouse=True)
def without_host() -> None:
    """End the host of scripts that another test has left: children are counted here."""
    end_host()


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def endless_ffmpeg() -> list[str]:
    return [ffmpeg_path(), "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc", "-f", "null", "-"]


def stop_after(beats: int) -> Callable[[], None]:
    left = iter(range(beats))

    def beat() -> None:
        if next(left, None) is None:
            message = "the lease is lost"
            raise StaleWork(message)

    return beat


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.is_running()]


def test_it_returns_what_a_program_prints() -> None:
    code = "import sys; sys.stdout.write('x' * 300_000); print('end')"
    assert (
        run_captured(python(code), files=NO_FILES, limits=LIMITS, time_limit_s=60)
        == b"x" * 300_000 + b"end\n"
    )


def test_the_end_of_a_program_is_noticed_when_it_comes() -> None:
    with (
        subprocess.Popen(python("input()"), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
        selectors.DefaultSelector() as selector,
        runner._Executed(process).end_in(selector),
    ):
        assert selector.select(0) == []
        assert process.stdin is not None
        process.stdin.close()
        assert [key.data for key, _ in selector.select(60)] == [None]


def test_it_does_without_being_told_of_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "an old kernel, or a sandbox")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert run_captured(python("print('x')"), files=NO_FILES, limits=LIMITS, time_limit_s=60) == b"x\n"


def test_it_tells_how_a_program_failed_with_the_end_of_its_words() -> None:
    code = "import sys; sys.stderr.write('y' * 100_000 + 'the\\0 reason'); sys.exit(3)"
    with pytest.raises(ToolFailed) as caught:
        run_captured(python(code), files=NO_FILES, limits=LIMITS, time_limit_s=60)
    assert caught.value.exit_code == 3
    assert caught.value.stderr_tail.endswith("the reason")
    assert len(caught.value.stderr_tail) <= STDERR_TAIL_BYTES
    assert caught.value.argv[0] == sys.executable


def test_it_ends_a_program_that_takes_too_long() -> None:
    with pytest.raises(ToolTimedOut):
        run_captured(python(FOREVER), files=NO_FILES, limits=LIMITS, time_limit_s=0.2)
    assert children() == []


def test_it_ends_the_whole_group_when_the_lease_is_lost() -> None:
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {FOREVER!r}])"
    with pytest.raises(StaleWork):
        run_captured(python(code), files=NO_FILES, limits=LIMITS, time_limit_s=60, heartbeat=stop_after(2))
    assert children() == []


def test_it_ends_what_a_program_leaves_behind() -> None:
    code = f"import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', {FOREVER!r}]).pid)"
    pid = int(run_captured(python(code), files=NO_FILES, limits=LIMITS, time_limit_s=60))
    try:
        psutil.Process(pid).wait(timeout=30)
    except psutil.NoSuchProcess:
        return


def test_it_refuses_endless_output() -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    with pytest.raises(ToolFailed, match="more than it may"):
        run_captured(python(code), files=NO_FILES, limits=LIMITS, time_limit_s=60, max_output_bytes=1_000_000)


def test_a_program_gets_no_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GILFOYLE_SECRET_KEY", "do not tell")
    printed = run_captured(
        python("import os; print(os.environ)"), files=NO_FILES, limits=LIMITS, time_limit_s=60
    )
    assert b"do not tell" not in printed


def test_it_reports_progress_and_heartbeats(tmp_path: Path) -> None:
    reports: list[Progress] = []
    beats: list[int] = []
    argv = [
        ffmpeg_path(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=d=1:r=10",
        "-progress", "pipe:1", "-f", "null", str(tmp_path / "nothing"),
    ]  # fmt: skip
    run_ffmpeg(
        argv,
        files=NO_FILES,
        limits=LIMITS,
        time_limit_s=60,
        heartbeat=lambda: beats.append(1),
        on_progress=reports.append,
    )
    assert beats
    assert (reports[-1].frame, reports[-1].is_end) == (10, True)


def test_ffmpeg_dies_with_a_worker_that_is_killed() -> None:
    """The worker here is a process that runs ffmpeg through the runner, and is killed the hard way."""
    code = f"""
from processing.ffmpeg.runner import NO_FILES, Limits, run_ffmpeg
run_ffmpeg({endless_ffmpeg()!r}, files=NO_FILES, limits=Limits(2 * 1024**3, 60, 0), time_limit_s=60, heartbeat=lambda: None)
"""
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root) as worker:
        tool = wait_for_child(psutil.Process(worker.pid), "ffmpeg")
        os.kill(worker.pid, 9)
        worker.wait()
    assert tool.wait(timeout=30) is None or not tool.is_running()


def wait_for_child(parent: psutil.Process, name: str) -> psutil.Process:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        for child in parent.children():
            if name in Path(child.exe()).name:
                return child
    message = f"no {name} was started"
    raise AssertionError(message)


def test_a_program_that_uses_up_its_cpu_time_is_ended_in_words() -> None:
    limits = Limits(memory_bytes=2 * 1024**3, cpu_s=1, file_bytes=0)
    with pytest.raises(ToolFailed, match="ended by SIGKILL: its CPU time was used up"):
        run_captured(python("while True: pass"), files=NO_FILES, limits=limits, time_limit_s=120)
    assert children() == []


def test_a_program_that_fills_the_disk_is_ended_in_words(tmp_path: Path) -> None:
    limits = Limits(memory_bytes=2 * 1024**3, cpu_s=60, file_bytes=1_000_000)
    files = Files(writes=(tmp_path,))
    argv = [
        ffmpeg_path(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=640x480:r=25",
        "-c:v", "rawvideo", "-f", "avi", str(tmp_path / "endless.avi"),
    ]  # fmt: skip
    with pytest.raises(ToolFailed) as caught:
        run_captured(argv, files=files, limits=limits, time_limit_s=120)
    assert "wrote a larger file" in caught.value.message or "File too large" in caught.value.stderr_tail
    assert (tmp_path / "endless.avi").stat().st_size <= 1_000_000


def test_a_program_that_wants_all_memory_ends_alone() -> None:
    limits = Limits(memory_bytes=600 * 1024**2, cpu_s=60, file_bytes=0)
    argv = [
        ffmpeg_path(), "-loglevel", "error", "-f", "lavfi", "-i", "color=s=16000x16000", "-vf", "loop=-1:999",
        "-f", "null", "-",
    ]  # fmt: skip
    with pytest.raises(ToolFailed, match="ended") as caught:
        run_captured(argv, files=NO_FILES, limits=limits, time_limit_s=120)
    # A thread that finds no room for its stack says it the second way.
    words = ("Cannot allocate memory", "Resource temporarily unavailable")
    assert any(said in caught.value.stderr_tail for said in words)
    assert children() == []
