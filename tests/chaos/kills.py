"""What is killed, and what has to be so again after that."""

from __future__ import annotations

import contextlib
import time
from random import Random

import psutil

from tests.chaos.cluster import WEBS, WORKERS, Cluster
from tests.chaos.watching import Fault, Watch

# How often each is drawn, beside the others.
VICTIMS = {
    "an ffmpeg": 16,
    "a worker's process": 16,
    "a pool of workers": 14,
    "a web process": 12,
    "a web server": 10,
    "the scheduler": 10,
    "a machine of workers": 6,
    "a machine of the web": 5,
    "a connection's process in the database": 5,
    "the database": 4,
    "the broker": 4,
    "the store": 4,
}


class Killer:
    """Kills one thing after the other, as a seed says."""

    def __init__(self, cluster: Cluster, watch: Watch, random: Random) -> None:
        self.cluster, self.watch, self._random = cluster, watch, random

    def schedule(self, kills: int) -> list[str]:
        """Return what is to be killed, in turn; all kinds are among it where there are enough."""
        victims = {
            kind: weight for kind, weight in VICTIMS.items() if kind != "the store" or self.cluster.has_bucket
        }
        kinds, weights = list(victims), list(victims.values())
        drawn = kinds[: min(kills, len(kinds))]
        drawn += self._random.choices(kinds, weights, k=kills - len(drawn))
        self._random.shuffle(drawn)
        return drawn

    def kill(self, kind: str) -> Fault | None:
        """Kill one of a kind; None where there is none now."""
        kinds = {
            "an ffmpeg": self._ffmpeg,
            "a worker's process": self._worker_process,
            "a pool of workers": self._pool,
            "a web process": self._web_process,
            "a web server": self._web_server,
            "the scheduler": self._scheduler,
            "a machine of workers": lambda: self._machine(WORKERS),
            "a machine of the web": lambda: self._machine(WEBS),
            "a connection's process in the database": self._backend,
            "the database": lambda: self._server("postgres"),
            "the broker": lambda: self._server("rabbitmq"),
            "the store": lambda: self._server("s3"),
        }
        fault = kinds[kind]()
        if fault is not None:
            fault.kind = kind
            self.watch.faults.append(fault)
        return fault

    def _ffmpeg(self) -> Fault | None:
        found = [
            (machine, one)
            for machine in WORKERS
            for one in self._family(machine)
            if "ffmpeg" in _name(one) and one.is_running()
        ]
        if not found:
            return None
        _, victim = self._random.choice(found)
        owners = {one.pid for one in _parents(victim)}
        fault = self._fault(owners)
        _kill(victim)
        fault.ended_at = time.time()
        return fault

    def _worker_process(self) -> Fault | None:
        return self._part(WORKERS, ("work", "encode", "package"), is_below=True)

    def _pool(self) -> Fault | None:
        return self._part(WORKERS, ("work", "encode", "package"))

    def _web_process(self) -> Fault | None:
        return self._part(WEBS, ("web",), is_below=True)

    def _web_server(self) -> Fault | None:
        return self._part(WEBS, ("web",))

    def _scheduler(self) -> Fault | None:
        names = tuple(name for name in self.cluster.machines if name.startswith("scheduler"))
        return self._part(names, ("scheduler",))

    def _part(
        self, machines: tuple[str, ...], parts: tuple[str, ...], *, is_below: bool = False
    ) -> Fault | None:
        machine, part = self._random.choice(machines), self._random.choice(parts)
        process = self.cluster.machines[machine].children().get(part)
        if process is None:
            return None
        try:
            below = process.children(recursive=True)
        except psutil.NoSuchProcess:
            return None
        near = [one for one in below if "ffmpeg" not in _name(one)]
        if is_below and not near:
            return None
        victim = self._random.choice(near) if is_below else process
        dead = {victim.pid} if is_below and part == "web" else {process.pid, *(one.pid for one in below)}
        fault = self._fault(dead)
        fault.whole = [(machine, part)]
        fault.webs = [machine] if part == "web" else []
        fault.needs_turn = part == "scheduler"
        _kill(victim)
        fault.ended_at = time.time()
        return fault

    def _machine(self, machines: tuple[str, ...]) -> Fault | None:
        name = self._random.choice(machines)
        machine = self.cluster.machines[name]
        if not machine.is_running():
            return None
        fault = self._fault({one.pid for one in self._family(name)})
        fault.whole = [(name, part) for part in machine.parts]
        fault.webs = [name] if "web" in machine.parts else []
        machine.kill()
        fault.ended_at = time.time()
        return fault

    def _server(self, name: str) -> Fault | None:
        server = self.cluster.servers[name]
        if not server.is_running():
            return None
        fault = self._fault(None)
        fault.webs, fault.needs_turn, fault.needs_start = list(WEBS), True, True
        server.kill()
        fault.ended_at = time.time()
        return fault

    def _backend(self) -> Fault | None:
        """Kill one of the processes that answer connections: PostgreSQL then throws all of them out, and recovers."""
        rows = self.watch.ask(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        if not rows:
            return None
        fault = self._fault(None)
        fault.webs, fault.needs_turn, fault.needs_start = list(WEBS), True, True
        with contextlib.suppress(psutil.NoSuchProcess):
            _kill(psutil.Process(int(str(self._random.choice(rows)[0]))))
        fault.ended_at = time.time()
        return fault

    def _fault(self, dead: set[int] | None) -> Fault:
        """Begin a fault that is over when the steps of these processes (None: of all) have moved on."""
        held = self.watch.held()
        if dead is not None:
            held = {step: one for step, one in held.items() if _pid_of(one[2]) in dead}
        return Fault("", time.time(), dead_pids=dead or set(), held=held)

    def _family(self, machine: str) -> list[psutil.Process]:
        process = self.cluster.machines[machine].process
        if process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(process.pid).children(recursive=True)
        return []


def _pid_of(owner: str) -> int:
    parts = owner.split(":")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0


def _parents(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.parents()
    return []


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
