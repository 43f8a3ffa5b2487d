import os
import signal
import subprocess
import sys

import psutil
import pytest

from gilfoyle.lib import parent_death

SHIM = parent_death.__file__
MIDDLE = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, {SHIM!r}, str(os.getpid()), "sleep", "600"])
print(child.pid, flush=True)
child.wait()
"""


def run_shim(parent_pid: int, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SHIM, str(parent_pid), *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells children of a parent's death"
)
def test_child_dies_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", MIDDLE], stdout=subprocess.PIPE, text=True) as middle:
        assert middle.stdout is not None
        child = psutil.Process(int(middle.stdout.readline()))
        middle.send_signal(signal.SIGKILL)
        middle.wait()
        try:
            child.wait(timeout=60)
        except psutil.NoSuchProcess:
            return
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_shim_becomes_the_program_and_keeps_its_exit_code() -> None:
    result = run_shim(os.getpid(), sys.executable, "-c", "print('as asked'); raise SystemExit(7)")
    assert (result.stdout, result.returncode) == ("as asked\n", 7)


def test_child_of_an_already_dead_parent_never_starts() -> None:
    result = run_shim(1, sys.executable, "-c", "print('started')")
    assert (result.stdout, result.returncode) == ("", parent_death.ORPHANED_EXIT_CODE)


def test_program_that_is_not_there_is_named() -> None:
    result = run_shim(os.getpid(), "no-such-program")
    assert result.returncode == 1
    assert result.stderr == "no-such-program could not be started: No such file or directory\n"
