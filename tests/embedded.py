"""The whole product as its users run it: `manage.py up` as a process, with a data folder and a port of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
import psutil

from tests.installation import parts_of_a_product

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
PATIENCE_S = 240.0  # far more than anything takes; a busy machine is not a fault
# What a caller's environment says about its own Gilfoyle must not reach this one.
OWN_VARIABLES = ("GILFOYLE_", "DJANGO_SETTINGS_MODULE")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    condition: Callable[[], T | None],
    *,
    what: str,
    patience_s: float = PATIENCE_S,
    tell: Callable[[], object] = str,
) -> T:
    """Return what the condition gives once that is true; fail, saying for what it waited, when it never is.

    `tell`: how things stand then.
    """
    give_up_at = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"Waited in vain for {what}. {tell()}")
        time.sleep(0.05)
    return value


def run_manage(
    *argv: str, data_dir: Path, port: int = 0, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a management command on a data folder to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *argv],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE_S,
        env=_environment(data_dir, port or free_port(), environment or {}),
    )


class Gilfoyle:
    """A Gilfoyle on one data folder. It can be stopped, killed and started again; key and client stay valid."""

    def __init__(self, data_dir: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.api_key = ""
        self.password = ""
        self.client = httpx.Client(base_url=self.base_url, timeout=60)
        self._environment = environment or {}
        self._log = data_dir.parent / f"{data_dir.name}-up.log"
        self._log_from = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._running().pid

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which it was started, for commands beside it."""
        return _environment(self.data_dir, self.port, self._environment)

    @property
    def output(self) -> str:
        """All that the present run has printed so far."""
        return self._log.read_bytes()[self._log_from :].decode(errors="replace")

    def start(self) -> None:
        """Start it and wait until it says that it is up."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._log_from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                start_new_session=True,
                env=self.environment,
            )
        wait_until(self._is_up, what=f"Gilfoyle to be up\n{self.output}")
        self._read_first_access()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; return its exit code. No process of it may be left."""
        process, family = self._running(), self.family()
        process.send_signal(number)
        code = process.wait(timeout=PATIENCE_S)
        self._process = None
        self._expect_gone(family)
        return code

    def kill(self) -> None:
        """End the supervisor without a word. No process of it may be left."""
        process, family = self._running(), self.family()
        process.kill()
        process.wait(timeout=PATIENCE_S)
        self._process = None
        self._expect_gone(family)

    def children(self) -> dict[str, psutil.Process]:
        """Return the supervised processes that run now, by name: broker, web, work, encode, package, scheduler."""
        with contextlib.suppress(psutil.NoSuchProcess):  # one that ended while it was asked: ask again
            return {
                name: process
                for process in psutil.Process(self.pid).children()
                if (name := _name_of(process))
            }
        return {}

    def family(self) -> list[psutil.Process]:
        """Return every process below the supervisor, with their children's children."""
        return psutil.Process(self.pid).children(recursive=True)

    def is_ready(self) -> bool:
        """Tell whether web server, database, broker and storage all answer."""
        try:
            return self.client.get("/healthz/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        if self._process is not None:
            family = self.family() if self._process.poll() is None else []
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            psutil.wait_procs(family, timeout=30)
        if error is not None:
            sys.stderr.write(self._log.read_text(errors="replace") if self._log.exists() else "")

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "Gilfoyle is not running."
        return self._process

    def _is_up(self) -> bool:
        code = self._running().poll()
        assert code is None, f"Gilfoyle ended with code {code}:\n{self.output}"
        return "Ctrl-C stops it." in self.output

    def _read_first_access(self) -> None:
        key = re.search(r"API key +(\S+)", self.output)
        password = re.search(r"Password +(\S+)", self.output)
        self.api_key = key[1] if key else self.api_key
        self.password = password[1] if password else self.password
        self.client.headers["Authorization"] = f"Bearer {self.api_key}"

    @staticmethod
    def _expect_gone(family: list[psutil.Process]) -> None:
        _gone, alive = psutil.wait_procs(family, timeout=30)
        assert not alive, f"Processes are left: {alive}"


@contextmanager
def running_gilfoyle(
    folder: Path, *, environment: Mapping[str, str] | None = None, is_migrated: bool = True
) -> Iterator[Gilfoyle]:
    """Run Gilfoyle on a data folder inside of `folder`, and end it with all of its processes.

    `is_migrated`: its database has its tables already, which spares seconds; else it makes them as in a first run.
    """
    with parts_of_a_product(environment or {}, folder) as told:
        if is_migrated and "GILFOYLE_DATABASE_URL" not in told:
            (folder / "data").mkdir(mode=0o700)
            copy_migrated_database(folder / "data")
        with Gilfoyle(folder / "data", environment=told) as gilfoyle:
            gilfoyle.start()
            yield gilfoyle


def copy_migrated_database(data_dir: Path) -> None:
    """Give a data folder an SQLite database of all tables, and its key: none is opened with another one."""
    for name in ("gilfoyle.sqlite3", "secret_key"):
        shutil.copy(_migrated_folder() / name, data_dir)


@cache
def _migrated_folder() -> Path:
    """Return a folder with a database of all tables and no rows of anybody, and its key, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="gilfoyle-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    done = run_manage("migrate", data_dir=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _environment(data_dir: Path, port: int, more: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    own = {"GILFOYLE_DATA_DIR": str(data_dir), "GILFOYLE_PORT": str(port)}
    return {**inherited, **own, "GILFOYLE_METRICS_LISTEN": "127.0.0.1:0", **more}


def ask(process: psutil.Process, question: Callable[[psutil.Process], T]) -> T | None:
    """Return what a process says of itself, None if it ended meanwhile: many of a family live for an instant."""
    try:
        return question(process)
    except psutil.NoSuchProcess:
        return None


def _name_of(process: psutil.Process) -> str:
    command = ask(process, psutil.Process.cmdline) or []
    marks = {
        "gunicorn": "web",
        "scheduler": "scheduler",
        "probe": "work",
        "encode": "encode",
        "package": "package",
    }
    if any("valkey-server" in part for part in command):
        return "broker"
    return next((name for mark, name in marks.items() if mark in command), "")
