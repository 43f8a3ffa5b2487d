"""The servers that Gilfoyle stands on, each of which can be killed and started again on what it has stored.

PostgreSQL, RabbitMQ and an S3 server (.ci/s3_server.py), all on loopback ports of their own, as `.ci/run` starts them.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import psutil

from gilfoyle.lib import parent_death
from tests.embedded import ROOT, free_port

KEY_ID, SECRET, BUCKET = "test:tester", "testing", "gilfoyle"
PATIENCE_S = 600.0  # a machine that has other things to do is not a fault


def start_process(
    argv: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None, user: str = ""
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own that ends with this process, however that ends."""
    shim = [sys.executable, "-I", parent_death.__file__, str(os.getpid())]
    if user and os.geteuid() == 0:
        group = str(pwd.getpwnam(user).pw_gid)
        # The kernel forgets about the parent's death where the user changes: asked again after that.
        shim = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--pdeathsig=KILL", "--"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*shim, *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all of its group, and with what below it has left the group."""
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for one in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(below, timeout=20)
    process.wait(timeout=20)


@dataclass
class Server:
    """A server: how it is started, and whether it answers."""

    name: str
    folder: Path
    argv: Sequence[str | Path]
    port: int
    user: str = ""
    environment: Mapping[str, str] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; `answers` tells when it is there."""
        log = self.folder / f"{self.name}.log"
        self.process = start_process(self.argv, log=log, environment=self.environment, user=self.user)

    def answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Kill it, and all that belongs to it, at once."""
        if self.process is not None:
            kill_group(self.process)
            self.process = None

    def pids(self) -> list[int]:
        """Return its processes, the first one first."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first.pid, *(one.pid for one in first.children(recursive=True))]
        return []

    def wait(self) -> None:
        """Wait until it answers."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not self.answers():
            if not self.is_running() or time.monotonic() > give_up_at:
                words = (self.folder / f"{self.name}.log").read_text(errors="replace")[-2000:]
                message = f"{self.name} did not start:\n{words}"
                raise RuntimeError(message)
            time.sleep(0.1)


def make_postgres(folder: Path) -> Server:
    """Make a PostgreSQL that survives being killed; what a power cut would lose is not its matter here."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    home, port = _folder_for(folder / "postgres", "postgres"), free_port()
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        home / "data",
        "-U",
        "gilfoyle",
        "--auth=trust",
        "-E",
        "UTF8",
    ]
    done = start_process(initdb, log=folder / "initdb.log", user="postgres").wait()
    if done:
        raise RuntimeError((folder / "initdb.log").read_text())
    options = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=400")
    argv: list[str | Path] = [programs / "postgres", "-D", home / "data", "-p", str(port)]
    return Server(
        "postgres", folder, [*argv, *(word for one in options for word in ("-c", one))], port, "postgres"
    )


def make_rabbitmq(folder: Path) -> tuple[Server, Server]:
    """Make a RabbitMQ, and what maps its name."""
    home = _folder_for(folder / "rabbitmq", "rabbitmq")
    port, distribution, mapper = free_port(), free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(home),
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_NODENAME": f"chaos-{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        # Schedulers that have nothing to do sleep, rather than take a core of two.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none",
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(home / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "none.config"),
    }
    names = Server(
        "epmd", folder, ["epmd", "-address", "127.0.0.1", "-port", str(mapper)], mapper, "rabbitmq"
    )
    argv = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
    return names, Server("rabbitmq", folder, argv, port, "rabbitmq", environment)


def make_s3(folder: Path, python: Path) -> Server:
    """Make an S3 server, run by a Python that has .ci/s3_server.lock installed."""
    port = free_port()
    return Server("s3", folder, [python, ROOT / ".ci" / "s3_server.py", folder / "s3", str(port)], port)


def make_bucket(port: int) -> None:
    """Make the bucket, once the server takes it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            client = boto3.client(
                "s3",
                endpoint_url=f"http://127.0.0.1:{port}",
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET,
                region_name="us-east-1",
            )
            client.create_bucket(Bucket=BUCKET)
        except Exception:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.3)
        else:
            return


def _folder_for(folder: Path, user: str) -> Path:
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        found = pwd.getpwnam(user)
        os.chown(folder, found.pw_uid, found.pw_gid)
    return folder
