"""Many machines of Gilfoyle on this one: each has a data folder, and runs the pools of `manage.py up` by their own commands."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil

from gilfoyle.child_plans import plan_children
from gilfoyle.lib.config import Config
from tests.benchmarks.worker_servers import cpu_s_of
from tests.embedded import OWN_VARIABLES, ROOT

STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a worker's log: when a step began or ended."""

    at_s: float
    event: str
    step: str


@dataclass
class Member:
    """A pool that runs on a machine of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    _read_bytes: int = 0
    _told: list[Told] = field(default_factory=list)

    def told(self) -> list[Told]:
        """Return all that it has said of its steps so far."""
        with self.log.open("rb") as file:
            file.seek(self._read_bytes)
            *lines, _unfinished = file.read().split(b"\n")
        self._read_bytes += sum(len(line) + 1 for line in lines)
        self._told += [told for line in lines if (told := _told(line))]
        return self._told

    def warnings(self) -> list[str]:
        """Return what it has warned of."""
        lines = map(_parsed, self.log.read_text(errors="replace").splitlines())
        return [str(line["event"]) for line in lines if line.get("level") in {"warning", "error", "critical"}]

    def memory_bytes(self) -> int:
        """Return the memory of its processes, shared pages counted by their share."""
        total = 0
        main = psutil.Process(self.process.pid)
        for process in (main, *main.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += process.memory_full_info().pss
        return total


class Fleet:
    """Starts members, and ends all of them."""

    def __init__(self, folder: Path, environment: Mapping[str, str], config: Config) -> None:
        self._folder = folder
        self._environment = environment
        self._plans = {plan.name: plan for plan in plan_children(config, cores=os.cpu_count() or 1)}
        self.members: list[Member] = []
        self.encoders: list[Member] = []

    def start(self, *names: str, machine: str) -> list[Member]:
        """Start the pools of these names on one machine."""
        data = self._folder / machine
        data.mkdir(exist_ok=True)
        started = []
        for name in names:
            plan = self._plans[name]
            log = self._folder / f"{machine}-{name}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    plan.argv,
                    cwd=ROOT,
                    env={**self._environment, **plan.environment, "GILFOYLE_DATA_DIR": str(data)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            started.append(Member(process, log))
        self.members += started
        return started

    def grow_to(self, count: int) -> None:
        """Let so many workers encode, one on each machine."""
        while len(self.encoders) < count:
            self.encoders += self.start("encode", machine=f"encoder-{len(self.encoders):02d}")

    def cpu_s(self, members: Sequence[Member] | None = None) -> float:
        """Return the CPU seconds of all members, or of these."""
        return cpu_s_of([member.process.pid for member in (members or self.members)])

    def end(self) -> None:
        """Tell all of them to stop; kill those that don't."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            try:
                member.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()


def environment_of(folder: Path, *, settings: Path, database_url: str, broker_url: str) -> dict[str, str]:
    """Return what every process of a fleet has in common."""
    return {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)} | {
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        "GILFOYLE_SETTINGS": str(settings),
        "GILFOYLE_DATA_DIR": str(folder),
        "GILFOYLE_DATABASE_URL": database_url,
        "GILFOYLE_BROKER_URL": broker_url,
        "GILFOYLE_SECRET_KEY": "a secret of the simulation, which opens nothing that anybody has",
        "GILFOYLE_LOG_LEVEL": "info",
        "GILFOYLE_LOG_FORMAT": "json",
        "GILFOYLE_METRICS_LISTEN": "127.0.0.1:0",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _parsed(line: str | bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(line: bytes) -> Told | None:
    found = _parsed(line)
    if found.get("event") not in {"step_started", "step_ended", "step_given_up"}:
        return None
    at = datetime.fromisoformat(str(found["timestamp"]))
    return Told(at.timestamp(), str(found["event"]), str(found["step"]))
