"""One process that keeps Gilfoyle's others alive on one machine, and takes them along when it goes.

It runs in one thread on purpose: the kernel kills a child when the thread that started it ends (lib/parent_death.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from gilfoyle.child_plans import STEADY_AFTER_S, ChildPlan, plan_stop, restart_delay_s
from gilfoyle.lib import parent_death
from gilfoyle.lib.config import ROOT
from gilfoyle.lib.errors import GilfoyleError

READ_BYTES = 64 * 1024
NAME_WIDTH = 10
STOPPING = "\nStopping, in some seconds. Ctrl-C once more stops at once; no work is lost either way."
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotStart(GilfoyleError):
    """Something on this machine stands in the way; the message names it and the hint the way out."""

    code = "cannot_start"


def check_port(host: str, port: int) -> None:
    """Make sure that the web server will get its address.

    Raises: CannotStart, naming the port and how to choose another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        message = f"Port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}."
        hint = f"Choose another: GILFOYLE_PORT={min(port + 1, 65535)}, or server.port in settings.yaml."
        raise CannotStart(message, hint=hint) from None


@contextlib.contextmanager
def data_folder_lock(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone.

    Raises: CannotStart while another process holds it.
    """
    path = data_dir / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            message = f"Gilfoyle already runs on {data_dir} (process {file.read().strip() or 'unknown'})."
            hint = "Stop that one first, or give this one its own folder and port: GILFOYLE_DATA_DIR, GILFOYLE_PORT."
            raise CannotStart(message, hint=hint) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Child:
    """A supervised process: its plan, its output, and its record of deaths."""

    def __init__(self, plan: ChildPlan, environment: Mapping[str, str]) -> None:
        self.plan = plan
        self.environment = {**environment, **plan.environment, "PYTHONUNBUFFERED": "1"}
        self.process: subprocess.Popen[bytes] | None = None
        self.unfinished_line = b""
        self.deaths = 0
        self.started_at = 0.0
        self.due_at = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None

    def start(self, pass_fds: Sequence[int] = ()) -> IO[bytes]:
        """Start the process in a session of its own, so that Ctrl-C reaches it by way of the supervisor only."""
        shim = (sys.executable, "-I", parent_death.__file__, str(os.getpid()))
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [*shim, *self.plan.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=self.environment,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout

    def send(self, signal_number: int) -> None:
        if self.process is not None:
            # Not Popen.send_signal: it would reap a dead process, and what is left of its session would be lost sight of.
            os.kill(self.process.pid, signal_number)

    def reap(self) -> int | None:
        """Return the exit code of a process that has ended, after ending what is left of its session."""
        if self.process is None:
            return None
        if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        # It is dead but not yet reaped, so its number cannot belong to anybody else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        self.process = None
        return code

    def note_death(self) -> float:
        """Count a death; return how many seconds to wait before the next start."""
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at >= STEADY_AFTER_S else self.deaths + 1
        delay_s = restart_delay_s(self.deaths)
        self.due_at = now + delay_s
        return delay_s


class Supervisor:
    """Starts the children, shows what they say, starts them again when they die, and stops them in order."""

    def __init__(
        self, plans: Sequence[ChildPlan], environment: Mapping[str, str], *, show: Callable[[str], None]
    ) -> None:
        self.children = [Child(plan, environment) for plan in plans]
        self._show = show
        self._selector = selectors.DefaultSelector()
        self._stops = 0

    def run(
        self, *, before_start: Mapping[str, Callable[[], Sequence[int]]], on_ready: Callable[[], bool]
    ) -> None:
        """Run until a stop signal.

        `before_start` prepares the child of that name and returns descriptors that it inherits; `on_ready` is asked
        until it answers True.
        """
        is_ready = False
        with self._signals():
            try:
                while not self._stops:
                    self._start_due(before_start)
                    self._wait(0.2 if not is_ready else self._until_next_start_s())
                    self._bury_the_dead()
                    is_ready = is_ready or on_ready()
            finally:
                if self._stops:
                    self._show(STOPPING)
                self._stop_all()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into wake-ups of the one loop."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        old_wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        old = {number: signal.signal(number, self._on_stop) for number in STOP_SIGNALS}
        old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._selector.register(reader, selectors.EVENT_READ)
        try:
            yield
        finally:
            self._selector.unregister(reader)
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_wakeup)
            reader.close()
            writer.close()

    def _on_stop(self, _number: int, _frame: object) -> None:
        self._stops += 1

    def _start_due(self, before_start: Mapping[str, Callable[[], Sequence[int]]]) -> None:
        for child in self.children:
            if child.is_running or child.due_at > time.monotonic() or self._stops:
                continue
            inherited: Sequence[int] = ()
            try:
                inherited = before_start.get(child.plan.name, tuple)()
                output = child.start(inherited)
            except (OSError, GilfoyleError) as error:
                child.started_at = time.monotonic()
                self._say(child, f"could not be started: {error}; next try in {child.note_death():g} s")
                continue
            finally:
                for descriptor in inherited:
                    os.close(descriptor)
            self._selector.register(output, selectors.EVENT_READ, child)

    def _until_next_start_s(self) -> float | None:
        waiting = [child.due_at for child in self.children if not child.is_running]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _wait(self, timeout_s: float | None) -> None:
        for key, _events in self._selector.select(timeout_s):
            if isinstance(key.data, Child):
                self._read_output(key.data, key.fileobj)
            elif isinstance(key.fileobj, socket.socket):
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(READ_BYTES)

    def _read_last_words(self, child: Child) -> None:
        """Read what a dead child has left in its pipe, so that its reason stands before the word of its death."""
        for key in list(self._selector.get_map().values()):
            if key.data is child:
                while self._read_output(child, key.fileobj):
                    pass

    def _read_output(self, child: Child, output: Any) -> bool:
        """Show what has come; tell whether there may be more."""
        try:
            data = os.read(output.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(output)
            output.close()
        *lines, child.unfinished_line = (child.unfinished_line + data).split(b"\n")
        if child.unfinished_line and (not data or len(child.unfinished_line) > READ_BYTES):
            lines, child.unfinished_line = [*lines, child.unfinished_line], b""
        for line in lines:
            text = line.decode("utf-8", errors="replace").rstrip("\r")
            if not any(hidden in text for hidden in child.plan.hides):
                self._say(child, text)
        return bool(data)

    def _bury_the_dead(self) -> None:
        for child in self.children:
            code = child.reap()
            if code is not None:
                self._read_last_words(child)
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                self._say(child, f"{how}; it is started again in {child.note_death():g} s")

    def _stop_all(self) -> None:
        running = {child.plan.name for child in self.children if child.is_running}
        for group in plan_stop(running):
            self._stop_group([child for child in self.children if child.plan.name in group])

    def _stop_group(self, group: Sequence[Child]) -> None:
        for child in group:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + max(child.plan.stop_s for child in group)
        while any(child.is_running for child in group):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self._stops > 1:  # a second Ctrl-C: at once
                for child in group:
                    child.send(signal.SIGKILL)
            self._wait(min(max(left_s, 0.0), 0.2))
            for child in group:
                if child.reap() is not None:
                    self._read_last_words(child)

    def _say(self, child: Child, line: str) -> None:
        self._show(f"{child.plan.name:<{NAME_WIDTH}}| {line}")
