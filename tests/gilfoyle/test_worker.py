import subprocess
import sys
from types import SimpleNamespace

import dramatiq
import pytest

import gilfoyle.worker
from gilfoyle.lib.queue import QUEUES
from tests.embedded import ROOT

ORPHAN = """
import multiprocessing, os

def child(ready, go):
    ready.set()
    go.wait()           # until the parent process is gone
    import gilfoyle.worker
    print("took work without a master", flush=True)

ready, go = multiprocessing.Event(), multiprocessing.Event()
process = multiprocessing.get_context("fork").Process(target=child, args=(ready, go))
process.start()
ready.wait()
if os.fork() == 0:      # somebody else says when: this process is about to leave
    while os.getppid() == PARENT: pass
    go.set()
    os._exit(0)
os._exit(0)
"""


def test_it_declares_every_actor_and_queue() -> None:
    assert gilfoyle.worker.__doc__
    broker = dramatiq.get_broker()
    assert set(QUEUES) <= broker.get_declared_queues()
    assert "run_step" in broker.get_declared_actors()
    assert any(isinstance(one, gilfoyle.worker.WriteUse) for one in broker.middleware)


def test_what_was_counted_is_written_when_a_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(
        gilfoyle.worker, "get_tally", lambda: SimpleNamespace(stop=lambda: stopped.append(""))
    )
    broker = dramatiq.get_broker()
    broker.emit_after("worker_shutdown", None)
    assert stopped == [""]


def test_worker_process_without_its_master_ends_before_it_takes_work() -> None:
    code = ORPHAN.replace("PARENT", "int(__import__('os').environ['PARENT_PID'])")
    code = "import os\nos.environ['PARENT_PID'] = str(os.getpid())\n" + code
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert "took work" not in result.stdout
