"""Gilfoyle out of one machine, on this one: servers, links to them, and machines of its own that each run some of its parts."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.chaos.bad_store import BadStore
from tests.chaos.links import Network
from tests.chaos.servers import (
    BUCKET,
    KEY_ID,
    SECRET,
    Server,
    kill_group,
    make_bucket,
    make_postgres,
    make_rabbitmq,
    make_s3,
    start_process,
)
from tests.embedded import OWN_VARIABLES, ROOT, free_port

SETTINGS = """
server:
  processes: 1
storage:
  STORE
  reserve_bytes: 8MB
webhooks:
  private_networks: [127.0.0.1/32]
  ports: [RECEIVER]
imports:
  enabled: false
encoding:
  preset: ultrafast
  ladder:
    - {width: 160, height: 90, crf: 35, max_bitrate_bps: 200000}
safety:
  self_test_interval_s: 0
"""
# What runs where; a machine's links end in its kind's name.
MACHINES = {
    "web-1": ("web",),
    "web-2": ("web",),
    "worker-1": ("work", "encode", "package"),
    "worker-2": ("work", "encode", "package"),
    "scheduler-1": ("scheduler",),
    "scheduler-2": ("scheduler",),
}
WEBS = ("web-1", "web-2")
WORKERS = ("worker-1", "worker-2")
SMALL_DISK_BYTES = 256 * 1024 * 1024
JUMPERS = ("worker-1", "scheduler-1")
WRONG_CLOCK = Path(__file__).with_name("wrong_clock.c")
RESTART_S = 1.0  # as a service manager waits before it starts a process again


@dataclass
class Machine:
    """One machine of Gilfoyle's: `manage.py up --only …`, with a data folder and ports of its own."""

    name: str
    parts: tuple[str, ...]
    data_dir: Path
    environment: Mapping[str, str]
    log: Path
    web_port: int
    metrics_port: int
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        argv: list[str | Path] = [sys.executable, ROOT / "manage.py", "up", "--only", *self.parts]
        self.process = start_process(argv, log=self.log, environment=self.environment)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Kill the supervisor; the kernel takes all else along."""
        if self.process is not None:
            kill_group(self.process)
            self.process = None

    def children(self) -> dict[str, psutil.Process]:
        """Return the supervised processes by the part that they are."""
        found = {}
        if self.process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for one in psutil.Process(self.process.pid).children():
                    if part := part_of(one):
                        found[part] = one
        return found

    def is_whole(self, part: str) -> bool:
        """Tell whether a part runs with the processes below it."""
        process = self.children().get(part)
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            below = process.children()
            return len(below) >= {"scheduler": 0}.get(part, 1)
        return False


def part_of(process: psutil.Process) -> str:
    """Return which part of Gilfoyle a process is, "" for none."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        words = process.cmdline()
        if "gunicorn" in words:
            return "web"
        if "scheduler" in words:
            return "scheduler"
        marks = {"probe": "work", "encode": "encode", "package": "package"}
        return next((part for mark, part in marks.items() if mark in words), "")
    return ""


class Cluster:
    """All of it. `servers` and `machines` by name; `database_url` leads past the links."""

    def __init__(self, folder: Path, *, s3_python: Path | None, receiver_port: int, seed: int) -> None:
        self.folder = folder
        self.network = Network()
        self.servers: dict[str, Server] = {"postgres": make_postgres(folder)}
        if s3_python is not None:
            self.servers["s3"] = make_s3(folder, s3_python)
        self.names, self.servers["rabbitmq"] = make_rabbitmq(folder)
        self.has_bucket = s3_python is not None
        self.store = BadStore(self.servers["s3"].port if self.has_bucket else 0, seed=seed)
        self.machines: dict[str, Machine] = {}
        self.database_url = f"postgres://gilfoyle@127.0.0.1:{self.servers['postgres'].port}/postgres"
        self.broker_url = f"amqp://guest:guest@127.0.0.1:{self.servers['rabbitmq'].port}/"
        self.api_key = ""
        self.can_fill = False
        self.can_jump = shutil.which("cc") is not None  # Debian: gcc
        self._receiver_port, self._store_port = receiver_port, 0
        self._secret_key = secrets.token_urlsafe(48)
        self._due: dict[str, float] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[Cluster]:
        """Start everything, and end it."""
        with ExitStack() as stack:
            stack.enter_context(self.network.running())
            self._store_port = stack.enter_context(self.store.running())
            stack.callback(self._kill_all)
            self._start_servers()
            self._prepare()
            stack.callback(self._unmount)
            for name, parts in MACHINES.items():
                self.machines[name] = self._make_machine(name, parts)
                self.machines[name].start()
            self._await_web()
            yield self

    def keep(self) -> None:
        """Start again what has died, a moment after it did: what a service manager does. To be called often."""
        now = time.monotonic()
        kept: dict[str, Server | Machine] = {**self.servers, **self.machines}
        for name, one in kept.items():
            if one.is_running():
                self._due.pop(name, None)
            elif now >= self._due.setdefault(name, now + RESTART_S):
                del self._due[name]
                one.start()

    def hold_down(self, name: str, for_s: float) -> None:
        """Let a server or machine that was killed stay away for so long."""
        self._due[name] = time.monotonic() + for_s

    def web_urls(self) -> list[str]:
        return [f"http://127.0.0.1:{one.web_port}" for one in self.machines.values() if "web" in one.parts]

    def environment(self, kind: str, data_dir: Path, **more: str) -> dict[str, str]:
        """Return what a machine of a kind is told: the addresses of its own links."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
        links = self.network.links
        return {
            **inherited,
            "GILFOYLE_SETTINGS": str(self.folder / "settings.yaml"),
            "GILFOYLE_DATA_DIR": str(data_dir),
            "GILFOYLE_SECRET_KEY": self._secret_key,
            "GILFOYLE_DATABASE_URL": f"postgres://gilfoyle@127.0.0.1:{links[f'{kind}-postgres'].port}/postgres",
            "GILFOYLE_BROKER_URL": f"amqp://guest:guest@127.0.0.1:{links[f'{kind}-rabbitmq'].port}/",
            "GILFOYLE_S3_ENDPOINT_URL": f"http://127.0.0.1:{links[f'{kind}-s3'].port}",
            "GILFOYLE_S3_BUCKET": BUCKET,
            "GILFOYLE_S3_ACCESS_KEY_ID": KEY_ID,
            "GILFOYLE_S3_SECRET_ACCESS_KEY": SECRET,
            "GILFOYLE_METRICS_LISTEN": "127.0.0.1:0",
            **more,
        }

    def manage(self, *argv: str, patience_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a management command past the links."""
        data_dir = self.folder / "tool"
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *argv],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=patience_s,
            env=self.environment("tool", data_dir),
        )

    def _start_servers(self) -> None:
        for one in (self.names, *self.servers.values()):
            one.start()
        for one in self.servers.values():
            one.wait()
        if self.has_bucket:
            make_bucket(self.servers["s3"].port)
        for kind in ("web", "worker", "scheduler", "tool"):
            for name in ("postgres", "rabbitmq"):
                self.network.connect(f"{kind}-{name}", self.servers[name].port)
            self.network.connect(f"{kind}-s3", self._store_port)

    def _prepare(self) -> None:
        folder = f'backend: filesystem\n  path: "{self.folder / "media"}"'
        store = f"backend: s3\n  s3: {{bucket: {BUCKET}}}" if self.has_bucket else folder
        text = SETTINGS.replace("STORE", store).replace("RECEIVER", str(self._receiver_port))
        (self.folder / "settings.yaml").write_text(text, encoding="utf-8")
        (self.folder / "tool").mkdir(mode=0o700)
        for argv in (["migrate", "-v0"], ["create_api_key", "--project", "Chaos", "--quiet"]):
            done = self.manage(*argv)
            if done.returncode:
                raise RuntimeError(done.stdout + done.stderr)
        found = re.search(r"gfk_\S+", done.stdout)
        self.api_key = found[0] if found else ""

    def _make_machine(self, name: str, parts: tuple[str, ...]) -> Machine:
        data_dir = self.folder / name
        data_dir.mkdir(mode=0o700)
        if name == "worker-1":
            self.can_fill = _mount(data_dir)
        kind, web_port, metrics_port = name.partition("-")[0], free_port(), free_port()
        more = {"GILFOYLE_PORT": str(web_port), "GILFOYLE_METRICS_LISTEN": f"127.0.0.1:{metrics_port}"}
        if self.can_jump and name in JUMPERS:
            self.clock_file(name).write_text("0\n")
            more |= {"LD_PRELOAD": str(self._wrong_clock()), "CHAOS_CLOCK": str(self.clock_file(name))}
        environment = self.environment(kind, data_dir, **more)
        return Machine(
            name, parts, data_dir, environment, self.folder / f"{name}.log", web_port, metrics_port
        )

    def _wrong_clock(self) -> Path:
        built = self.folder / "wrong_clock.so"
        if not built.exists():
            argv = ["cc", "-shared", "-fPIC", "-O2", "-o", str(built), str(WRONG_CLOCK)]
            subprocess.run(argv, check=True)
        return built

    def clock_file(self, machine: str) -> Path:
        """Return the file that says by how much a machine's clock is wrong."""
        return self.folder / f"{machine}.clock"

    def _unmount(self) -> None:
        if self.can_fill:
            subprocess.run(["umount", "--lazy", str(self.folder / "worker-1")], check=False)

    def _await_web(self) -> None:
        give_up_at = time.monotonic() + 600
        for url in self.web_urls():
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/healthz/ready", timeout=5).status_code == httpx.codes.OK:
                        break
                if time.monotonic() > give_up_at:
                    message = "The web servers did not become ready."
                    raise RuntimeError(message)
                time.sleep(0.3)

    def _kill_all(self) -> None:
        for machine in self.machines.values():
            machine.kill()
        for server in (*self.servers.values(), self.names):
            server.kill()


def _mount(folder: Path) -> bool:
    """Make a folder a small disk of its own; tells whether this system lets us."""
    options = f"size={SMALL_DISK_BYTES},mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    return done.returncode == 0
