"""Scripts as the runner has them run: under the guard, in forks of one host."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from gilfoyle.lib.errors import StaleWork
from processing.errors import ScriptHostLost, ToolFailed, ToolTimedOut
from processing.ffmpeg import script_forks
from processing.ffmpeg.isolation import has_private_files
from processing.ffmpeg.runner import HOST, NO_FILES, Files, Limits, run_script
from processing.ffmpeg.script_forks import can_fork, end_host
from tests.embedded import wait_until

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system starts scripts like any program")
LIMITS = Limits(memory_bytes=2 * 1024**3, cpu_s=60, file_bytes=1_000_000)
ROOT = Path(__file__).parents[3]
TELL = "import os\ndef main(request): return {'pid': os.getpid(), 'parent': os.getppid(), 'asked': request}\n"
FOREVER = "import time\ndef main(request):\n    while True: time.sleep(1)\n"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    def write(code: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(code)
        return path

    return write


def run(script: Path, request: Any = None, *, limits: Limits = LIMITS, **options: Any) -> Any:
    return run_script(
        script, {"of": request}, **{"files": NO_FILES, "time_limit_s": 60, **options}, limits=limits
    )


def forks() -> list[psutil.Process]:
    hosts = [one for one in psutil.Process().children() if str(HOST) in one.cmdline()]
    return [fork for host in hosts for fork in host.children(recursive=True)]


def test_each_answer_comes_from_a_fork_of_one_host(script: Callable[[str], Path]) -> None:
    answers = [run(script(TELL), number) for number in range(3)]
    assert [answer["asked"] for answer in answers] == [{"of": 0}, {"of": 1}, {"of": 2}]
    assert len({answer["pid"] for answer in answers}) == 3
    assert len({answer["parent"] for answer in answers}) == 1
    assert forks() == []


def test_many_are_answered_at_once(script: Callable[[str], Path]) -> None:
    some = script(
        "import time\ndef main(request):\n    time.sleep(request['of'] % 3 / 50)\n    return request['of']\n"
    )
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: run(some, number), range(60))) == list(range(60))
    assert forks() == []


def test_what_a_script_changes_is_gone_with_its_fork(script: Callable[[str], Path]) -> None:
    counting = script("seen = []\ndef main(request):\n    seen.append(1)\n    return len(seen)\n")
    assert [run(counting) for _ in range(2)] == [1, 1]


def test_it_finds_pyav_loaded(script: Callable[[str], Path]) -> None:
    assert run(script("import sys\ndef main(request): return 'av' in sys.modules\n"))


def test_no_secret_reaches_it(script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    end_host()
    monkeypatch.setenv("GILFOYLE_SECRET_KEY", "do not tell")
    code = "import os\ndef main(request): return [dict(os.environ), open('/proc/self/environ').read()]\n"
    assert "do not tell" not in str(run(script(code)))


def test_it_holds_no_descriptor_of_the_host_s(script: Callable[[str], Path]) -> None:
    code = "import os\ndef main(request): return sorted(map(int, os.listdir('/proc/self/fd')))\n"
    found = run(script(code), files=Files(reads=(Path("/proc"),)))
    assert found[:3] == [0, 1, 2]
    assert len(found) == 4, "the fourth is that of the listing"


def test_what_fails_says_why(script: Callable[[str], Path]) -> None:
    with pytest.raises(ToolFailed) as caught:
        run(script("def main(request): raise ValueError('nothing to be done')\n"))
    assert caught.value.exit_code == 1
    assert "nothing to be done" in caught.value.stderr_tail


def test_what_is_ended_by_a_signal_says_so(script: Callable[[str], Path]) -> None:
    with pytest.raises(ToolFailed, match="SIGSEGV"):
        run(script("import os, signal\ndef main(request): os.kill(os.getpid(), signal.SIGSEGV)\n"))


def test_limits_hold(script: Callable[[str], Path]) -> None:
    with pytest.raises(ToolFailed) as caught:
        run(script("def main(request): return len(bytearray(4 * 1024**3))\n"))
    assert "MemoryError" in caught.value.stderr_tail


def test_it_may_touch_no_other_file(script: Callable[[str], Path], tmp_path: Path) -> None:
    if not has_private_files():
        pytest.skip("the kernel can't take files away")
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "other").write_text("other")
    code = "def main(request): return open(request['of']).read()\n"
    reads = Files(reads=(tmp_path / "mine",))
    assert run(script(code), str(tmp_path / "mine"), files=reads) == "mine"
    with pytest.raises(ToolFailed) as caught:
        run(script(code), str(tmp_path / "other"), files=reads)
    assert "PermissionError" in caught.value.stderr_tail


def test_it_is_ended_when_it_takes_too_long_or_is_not_wanted_any_more(script: Callable[[str], Path]) -> None:
    with pytest.raises(ToolTimedOut):
        run(script(FOREVER), time_limit_s=0.2)

    def stop() -> None:
        message = "the lease is lost"
        raise StaleWork(message)

    with pytest.raises(StaleWork):
        run(script(FOREVER), heartbeat=stop)
    assert forks() == []


def test_what_it_leaves_behind_is_ended(script: Callable[[str], Path]) -> None:
    code = "import os, time\ndef main(request):\n    pid = os.fork()\n    while not pid: time.sleep(1)\n    return pid\n"
    left = run(script(code))
    with suppress(psutil.NoSuchProcess):
        psutil.Process(left).wait(timeout=30)


def test_a_lost_host_is_no_fault_of_the_file_and_there_is_another(script: Callable[[str], Path]) -> None:
    path = script(FOREVER)

    def kill_host() -> None:
        for fork in forks():
            parent = fork.parent()
            assert parent is not None
            parent.kill()

    with pytest.raises(ScriptHostLost):
        run(path, heartbeat=kill_host)
    path.write_text(TELL)
    assert run(path, 1)["asked"] == {"of": 1}


def test_a_process_that_was_forked_has_a_host_of_its_own(script: Callable[[str], Path]) -> None:
    ours = run(script(TELL))["parent"]
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writes, str(run(script(TELL))["parent"]).encode())
            end_host()
        finally:
            os._exit(0)
    os.close(writes)
    os.waitpid(pid, 0)
    theirs = os.read(reads, 100)
    os.close(reads)
    assert theirs
    assert int(theirs) != ours
    assert run(script(TELL))["parent"] == ours


def test_all_ends_with_a_worker_that_is_killed(script: Callable[[str], Path], tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from processing.ffmpeg.runner import NO_FILES, Limits, run_script
run_script(Path({str(script(FOREVER))!r}), {{}}, files=NO_FILES, limits=Limits(2 * 1024**3, 60, 0), time_limit_s=60)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as worker:
        found = psutil.Process(worker.pid)
        wait_until(lambda: len(found.children(recursive=True)) >= 2, what="host and fork")
        family = found.children(recursive=True)
        worker.kill()
    gone, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert len(gone) >= 2


def test_elsewhere_it_is_a_program_like_any_other(
    script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processing.ffmpeg.runner.can_fork", lambda: False)
    code = TELL + "import json, sys\nsys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))\n"
    path = script(code)
    answer = run(path, 1, files=Files(reads=(path,)))
    assert (answer["asked"], answer["parent"]) == ({"of": 1}, os.getpid())
    assert script_forks.can_fork()
