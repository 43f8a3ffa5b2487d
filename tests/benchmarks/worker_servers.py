"""The servers of the simulation: PostgreSQL, RabbitMQ and Redis (Debian's packages), each in a folder of its own.

As they come, but for the number of connections; PostgreSQL waits for its disk at each commit.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.embedded import free_port, wait_until

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql")
CONNECTIONS = 400


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: its address as Gilfoyle takes it, and its first process."""

    name: str
    url: str
    pid: int
    log: Path

    def cpu_s(self) -> float:
        """Return the CPU seconds of its processes, and of those that have ended."""
        return cpu_s_of([self.pid])


def cpu_s_of(pids: Sequence[int]) -> float:
    """Return the CPU seconds of these processes and all below them, with what they have waited for."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(pid)
            for process in (main, *main.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    used = process.cpu_times()
                    total += used.user + used.system + used.children_user + used.children_system
    return total


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """Run PostgreSQL, durable as it comes; who waits for a lock for more than 20 ms is written to its log."""
    programs = sorted(POSTGRES_PROGRAMS.glob("*/bin"), key=lambda found: float(found.parent.name))
    if not programs:
        message = (
            f"The simulation needs PostgreSQL (Debian: postgresql), which is not in {POSTGRES_PROGRAMS}."
        )
        raise RuntimeError(message)
    port = free_port()
    home = _home(folder / "postgres", "postgres")
    made = [
        str(programs[-1] / "initdb"),
        "-D",
        str(home / "data"),
        "-U",
        "gilfoyle",
        "--auth=trust",
        "-E",
        "UTF8",
    ]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **_as_user("postgres"))
    argv = [str(programs[-1] / "postgres"), "-D", str(home / "data"), "-p", str(port)]
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": str(CONNECTIONS),
        "log_lock_waits": "on",
        "deadlock_timeout": "20ms",
    }
    argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with _running(argv, folder / "postgres.log", port, user="postgres") as pid:
        yield Server(
            "PostgreSQL", f"postgres://gilfoyle@127.0.0.1:{port}/postgres", pid, folder / "postgres.log"
        )


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """Run Redis, with an append-only file as the product's own broker has."""
    port = free_port()
    home = _home(folder / "redis", "redis")
    argv = [
        _found("redis-server"),
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--dir",
        str(home),
        "--save",
        "",
        "--appendonly",
        "yes",
    ]
    with _running(argv, folder / "redis.log", port, user="redis") as pid:
        yield Server("Redis", f"redis://127.0.0.1:{port}/0", pid, folder / "redis.log")


@contextlib.contextmanager
def rabbitmq(folder: Path) -> Iterator[Server]:
    """Run RabbitMQ, with the mapper of names that Erlang needs."""
    port, distribution, mapper = free_port(), free_port(), free_port()
    home = _home(folder / "rabbitmq", "rabbitmq")
    environment = {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", ""),
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_NODENAME": f"gilfoyle-bench-{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(home / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "none.config"),
    }
    names = [_found("epmd"), "-address", "127.0.0.1", "-port", str(mapper)]
    server = [_found("rabbitmq-server", "/usr/lib/rabbitmq/bin")]
    with (
        _running(names, folder / "epmd.log", mapper, user="rabbitmq"),
        _running(server, folder / "rabbitmq.log", port, user="rabbitmq", environment=environment) as pid,
    ):
        yield Server("RabbitMQ", f"amqp://guest:guest@127.0.0.1:{port}/", pid, folder / "rabbitmq.log")


def _found(program: str, *folders: str) -> str:
    found = shutil.which(program, path=os.pathsep.join((*folders, os.environ.get("PATH", ""))))
    if found is None:
        message = f"The simulation needs {program} (Debian: postgresql, rabbitmq-server, redis-server)."
        raise RuntimeError(message)
    return found


def _home(folder: Path, user: str) -> Path:
    """Make a folder that is the server's own: none of them runs as root."""
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return folder


def _as_user(user: str) -> dict[str, Any]:
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


@contextlib.contextmanager
def _running(
    argv: Sequence[str], log: Path, port: int, *, user: str, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server in a group of its own, from when its port answers on."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            cwd="/",
            **_as_user(user),
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), what=argv[0])
        if process.poll() is not None:
            message = f"{argv[0]} ended: {log.read_text(errors='replace')[-2000:]}"
            raise RuntimeError(message)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
