"""What programs that read strangers' files really open, as the kernel sees it (strace)."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from processing.cleaning.look import CHILD as LOOKING_CHILD
from processing.ffmpeg import guard
from processing.ffmpeg.capabilities import find_ffmpeg
from processing.ffmpeg.runner import GUARD, HOST, OUR_PYTHON
from processing.ffmpeg.script_forks import end_host
from processing.probing.probe import CHILD
from tests.clips import make_clip
from tests.embedded import wait_until
from tests.faults.bases import make_bases
from tests.faults.crafted import crafted
from tests.faults.driving import drive, small_settings
from tests.faults.mutate import mutate
from tests.lengths import length
from tests.services import require_service

SEEDS = range(1000, length(1010, 1022))
CRAFTED = ("dref url", "dref alias", "reference movie", "ffconcat", "linked segment", "m3u8 behind ftyp")
CALLS = "trace=open,openat,creat,connect,execve,clone,clone3,fork,vfork"
LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
NAMED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@contextmanager
def traced(log: Path) -> Iterator[None]:
    """Watch this process and all that it starts."""
    argv = ["strace", "-f", "-qq", "-s", "4096", "-e", CALLS, "-o", str(log), "-p", str(os.getpid())]
    with subprocess.Popen(argv) as strace:
        try:
            wait_until(_is_traced, what="strace to watch")
            yield
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(timeout=60)


def _is_traced() -> bool:
    status = Path("/proc/self/status").read_text()
    return "TracerPid:\t0\n" not in status


def read_calls(log: Path) -> list[tuple[int, str]]:
    """Return (process, whole call) in order; what strace has torn apart is put together again."""
    calls: list[tuple[int, str]] = []
    torn: dict[int, str] = {}
    for line in log.read_text(errors="replace").splitlines():
        found = LINE.match(line)
        if not found:
            continue
        pid, text = int(found[1]), found[2]
        if text.endswith("<unfinished ...>"):
            torn[pid] = text.removesuffix("<unfinished ...>")
            continue
        resumed = RESUMED.match(text)
        calls.append((pid, torn.pop(pid, "") + resumed[2] if resumed else text))
    return calls


def guarded_calls(calls: list[tuple[int, str]]) -> list[str]:
    """Return the successful calls of guarded programs, of forks of the host of scripts, and of all that came out of them."""
    guarded: set[int] = set()
    hosts: set[int] = set()
    for _ in range(3):  # a child may be seen before its parent's call has returned
        for pid, call in calls:
            if call.startswith("execve(") and str(GUARD) in call:
                guarded.add(pid)
            if call.startswith("execve(") and str(HOST) in call:
                hosts.add(pid)
            if pid in guarded | hosts and call.startswith(("clone", "fork", "vfork")):
                made = re.search(r"= (\d+)$", call)
                guarded |= {int(made[1])} if made else set()
    return [call for pid, call in calls if pid in guarded and re.search(r"= \d+(<.*>)?$", call)]


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.timeout(600)
def test_guarded_programs_open_their_source_their_scratch_and_the_system_only(
    tmp_path: Path, settings: Any, data_dir: Path, transactional_db: None
) -> None:
    require_service("strace", present=shutil.which("strace") is not None)
    small_settings(settings)
    bases = make_bases(tmp_path / "bases")
    neighbour = make_clip(tmp_path / "neighbour.mp4", size=(96, 64), duration_s=0.5, audio=False)
    sources = {f"{seed}": mutate(seed, bases)[1] for seed in SEEDS}
    hostile = crafted(str(neighbour)).items()
    sources |= {name: data for name, data in hostile if name.startswith(CRAFTED)}
    end_host()  # so that the next one is watched from its start
    with traced(tmp_path / "calls"):
        jobs = drive(sources)
    assert {job.video.status for job in jobs.values()} == {"ready", "failed"}
    calls = guarded_calls(read_calls(tmp_path / "calls"))
    allowed = (
        *guard.SYSTEM,
        *map(str, OUR_PYTHON),
        str(Path(sys.executable).resolve().parents[1]),
        str(Path(find_ffmpeg("auto")).resolve()),
        str(GUARD),
        str(CHILD),
        str(LOOKING_CHILD),
        str(data_dir / "media" / "sources"),
        str(data_dir / "work"),
        "/proc/self/",
    )
    opened = {NAMED.search(call)[1] for call in calls if call.startswith(("open", "creat"))}  # type: ignore[index]  # all name one
    assert any(str(data_dir / "media" / "sources") in path for path in opened), "nothing was watched"
    foreign = {path for path in opened if not path.startswith(allowed)}
    assert {path for path in foreign if not re.fullmatch(r"/proc/\d+", path)} == set()  # the guard's own
    assert [call for call in calls if call.startswith("connect(")] == []
