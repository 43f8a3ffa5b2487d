"""The supervisor with small children of its own; `tests/journeys/test_supervision.py` has the real ones."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from gilfoyle.child_plans import ChildPlan
from gilfoyle.lib.errors import Fault
from gilfoyle.supervisor import STOPPING, CannotStart, Child, Supervisor, check_port, data_folder_lock

WAIT = "import signal, sys; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"


def python(name: str, code: str, *, stop_s: float = 30, hides: tuple[str, ...] = ()) -> ChildPlan:
    return ChildPlan(name, (sys.executable, "-c", code), stop_s=stop_s, hides=hides)


class Screen:
    """What the supervisor shows; a line can trigger an action."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.farewells = 0
        self.actions: dict[str, Callable[[], None]] = {}

    def show(self, line: str) -> None:
        if line == STOPPING:
            self.farewells += 1
        else:
            self.lines.append(line)
        for text in [text for text in self.actions if text in line]:
            self.actions.pop(text)()


def stop_myself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def supervise(
    screen: Screen,
    *plans: ChildPlan,
    before_start: dict[str, Callable[[], Sequence[int]]] | None = None,
    on_ready: Callable[[], bool] = lambda: True,
) -> Supervisor:
    supervisor = Supervisor(plans, os.environ, show=screen.show)
    supervisor.run(before_start=before_start or {}, on_ready=on_ready)
    return supervisor


def test_output_has_the_name_of_its_child() -> None:
    screen = Screen()
    screen.actions["up"] = stop_myself
    supervise(screen, python("web", "print('first'); " + WAIT))
    assert screen.lines == ["web       | first", "web       | up"]
    assert screen.farewells == 1


def test_last_words_without_a_line_end_are_shown() -> None:
    screen = Screen()
    screen.actions["ended with code 3"] = stop_myself
    supervise(screen, python("web", "import sys; sys.stdout.write('bye'); sys.exit(3)"))
    assert screen.lines == ["web       | bye", "web       | ended with code 3; it is started again in 0.5 s"]


def test_hidden_lines_are_not_shown() -> None:
    screen = Screen()
    screen.actions["up"] = stop_myself
    supervise(screen, python("broker", "print('WARNING noise'); " + WAIT, hides=("noise",)))
    assert screen.lines == ["broker    | up"]


def test_child_that_dies_is_started_again_and_the_reason_is_told(tmp_path: Path) -> None:
    screen = Screen()
    mark = tmp_path / "ran"
    code = f"import pathlib, sys; p = pathlib.Path({str(mark)!r})\nif not p.exists(): p.touch(); sys.exit(7)\n{WAIT}"
    screen.actions["up"] = stop_myself
    supervise(screen, python("work", code))
    assert screen.lines == ["work      | ended with code 7; it is started again in 0.5 s", "work      | up"]


def test_killed_child_is_told_with_its_signal() -> None:
    screen = Screen()
    screen.actions["SIGKILL"] = stop_myself
    supervise(screen, python("work", "import os; os.kill(os.getpid(), 9)"))
    assert "work      | was killed by SIGKILL; it is started again in 0.5 s" in screen.lines


def test_what_a_dead_child_leaves_behind_is_ended() -> None:
    screen = Screen()
    orphan = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {WAIT!r}]); print('orphan', p.pid, flush=True)"
    screen.actions["ended with code"] = stop_myself
    supervise(screen, python("work", orphan))
    pid = int(next(line for line in screen.lines if "orphan" in line).split()[-1])
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=60)


def test_program_that_is_not_there_is_tried_again() -> None:
    screen = Screen()
    screen.actions["next try"] = stop_myself

    def refuse() -> Sequence[int]:
        message = "not now"
        raise Fault(message)

    supervise(screen, python("broker", WAIT), before_start={"broker": refuse})
    assert screen.lines == ["broker    | could not be started: not now; next try in 0.5 s"]


def test_child_inherits_what_was_prepared_for_it(tmp_path: Path) -> None:
    screen = Screen()
    screen.actions["wrote"] = stop_myself
    path = tmp_path / "given"
    descriptors: list[int] = []

    def prepare() -> Sequence[int]:
        descriptors.append(os.open(path, os.O_WRONLY | os.O_CREAT))
        return descriptors

    code = "import os, signal\nfor fd in range(3, 512):\n  try: os.write(fd, b'x')\n  except OSError: pass\nprint('wrote', flush=True); signal.pause()"
    supervise(screen, python("broker", code), before_start={"broker": prepare})
    assert path.read_bytes() == b"x"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])


def test_children_stop_in_order() -> None:
    screen = Screen()
    told = "import signal, sys\ndef stop(*_):\n  print('stops', flush=True); sys.exit()\nsignal.signal(signal.SIGTERM, stop); print('up', flush=True)\nwhile True: signal.pause()"
    names = ["broker", "scheduler", "encode", "web"]
    is_up = [False]

    def all_up() -> bool:
        if sum(line.endswith("up") for line in screen.lines) == len(names) and not is_up[0]:
            is_up[0] = True
            stop_myself()
        return is_up[0]

    supervise(screen, *(python(name, told) for name in names), on_ready=all_up)
    stops = [line.split()[0] for line in screen.lines if line.endswith("stops")]
    assert stops == ["web", "encode", "scheduler", "broker"]


def test_child_that_does_not_stop_is_killed() -> None:
    screen = Screen()
    screen.actions["up"] = stop_myself
    supervisor = supervise(screen, python("web", STUBBORN, stop_s=0.1))
    assert not any(child.is_running for child in supervisor.children)


def test_second_stop_is_at_once() -> None:
    screen = Screen()

    def twice() -> None:
        stop_myself()
        threading.Timer(0.2, stop_myself).start()

    screen.actions["up"] = twice
    supervise(screen, python("web", STUBBORN, stop_s=3600))
    assert screen.lines == ["web       | up"]


def test_signal_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
    screen = Screen()
    screen.actions["up"] = stop_myself
    supervise(screen, python("web", WAIT))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)] == before


def test_record_of_deaths_is_forgotten_after_a_steady_run() -> None:
    child = Child(python("web", WAIT), {})
    child.started_at = -1e9  # long ago on the monotonic clock
    child.deaths = 9
    assert child.note_death() == 0.5
    assert child.note_death() == 0.5
    child.started_at = 1e18
    assert child.note_death() == 1.0


def test_free_port_is_fine() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check_port("127.0.0.1", port)


def test_used_port_is_named_with_the_next_one() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            CannotStart, match=f"Port {port} on 127.0.0.1 cannot be used: address already in use"
        ) as caught:
            check_port("127.0.0.1", port)
    assert f"GILFOYLE_PORT={port + 1}" in caught.value.hint


def test_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotStart, match="cannot assign requested address"):
        check_port("192.0.2.1", 8000)


def test_data_folder_has_one_holder(tmp_path: Path) -> None:
    with data_folder_lock(tmp_path):
        refused = data_folder_lock(tmp_path)
        with pytest.raises(CannotStart, match=rf"already runs on {tmp_path} \(process {os.getpid()}\)"):
            refused.__enter__()
    with data_folder_lock(tmp_path):
        pass
