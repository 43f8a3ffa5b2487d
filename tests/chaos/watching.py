"""Watches the cluster from outside: who answers, what is held by whom, and whether all is well again after a fault."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.chaos.cluster import Cluster

EVERY_S = 0.25
_TURN = re.compile(r"^gilfoyle_scheduler_last_turn_timestamp_seconds\S* (\S+)", re.MULTILINE)
HELD = "SELECT id, attempt, lease_expires_at, lease_owner FROM processing_step WHERE status = 'running'"
# A step that has not waited for long says nothing; one that waits while nobody starts anything says that nobody hears.
WAITING = (
    "SELECT count(*) FILTER (WHERE status = 'ready' AND ready_at < now() - interval '1 s'),"
    " EXTRACT(EPOCH FROM max(started_at)) FROM processing_step"
)
UNFINISHED = """
    SELECT (SELECT count(*) FROM videos_video WHERE status <> 'ready' AND id <> 'vid_canary000000000000'),
           (SELECT count(*) FROM processing_step WHERE status IN ('waiting', 'ready', 'running')),
           (SELECT count(*) FROM processing_job WHERE status = 'active'),
           (SELECT count(*) FROM videos_upload WHERE status = 'receiving'),
           (SELECT count(*) FROM videos_delivery WHERE status IN ('waiting', 'sending'))
"""
Held = dict[str, tuple[int, object, str]]


@dataclass
class Fault:
    """A fault, and what has to be so again. Times by `time.time()`: those of begin, end, and of all being well again."""

    kind: str
    began_at: float
    ended_at: float = 0.0
    well_at: float = 0.0
    whole: list[tuple[str, str]] = field(default_factory=list)  # machine and part that run again
    dead_pids: set[int] = field(default_factory=set)
    held: Held = field(default_factory=dict)
    needs_start: bool = False  # also that work is begun again
    webs: list[str] = field(default_factory=list)
    needs_turn: bool = False

    @property
    def recovered_s(self) -> float:
        return self.well_at - self.ended_at


class Watch:
    """Knows how the cluster is. `faults` has all that were; those without `well_at` are looked after."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.faults = cluster, list[Fault]()
        self.ready_at: dict[str, float] = {}
        self.turn_at = 0.0
        self._stop = threading.Event()
        self._database: psycopg.Connection[tuple[object, ...]] | None = None
        self._looked_at = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[Watch]:
        names = [*(name for name in self.cluster.machines if name.startswith("web")), "turns"]
        threads = [threading.Thread(target=self._poll, args=(name,), daemon=True) for name in names]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(20)

    def held(self) -> Held:
        """Return the running steps: attempt, lease and owner by id."""
        return {str(row[0]): (int(str(row[1])), row[2], str(row[3])) for row in self.ask(HELD)}

    def unfinished(self) -> tuple[int, ...]:
        """Return how many videos, steps, jobs, uploads and webhooks are not over."""
        rows = self.ask(UNFINISHED)
        return tuple(int(str(one)) for one in rows[0]) if rows else (-1,)

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """Ask the database past all links; nothing while it is away."""
        try:
            if self._database is None:
                self._database = psycopg.connect(
                    self.cluster.database_url, autocommit=True, connect_timeout=2
                )
            return self._database.execute(question.encode()).fetchall()
        except psycopg.Error:
            if self._database is not None:
                self._database.close()
            self._database = None
            return []

    def look(self) -> None:
        """Note which faults are over; to be called often."""
        now = time.time()
        open_ones = [one for one in self.faults if one.ended_at and not one.well_at]
        if not open_ones or now - self._looked_at < EVERY_S:
            return
        self._looked_at = now
        held, waiting = self.held(), self.ask(WAITING)
        if self._database is None:
            return
        for fault in open_ones:
            if self._is_well(fault, held, waiting):
                fault.well_at = time.time()

    def missing(self, fault: Fault) -> str:
        """Say what a fault still lacks."""
        held, waiting = self.held(), self.ask(WAITING)
        return "; ".join(words for words, is_well in self._conditions(fault, held, waiting) if not is_well)

    def _is_well(self, fault: Fault, held: Held, waiting: list[tuple[object, ...]]) -> bool:
        return all(is_well for _, is_well in self._conditions(fault, held, waiting))

    def _conditions(
        self, fault: Fault, held: Held, waiting: list[tuple[object, ...]]
    ) -> Iterator[tuple[str, bool]]:
        for web in fault.webs:
            yield f"{web} is not ready", self.ready_at.get(web, 0) > fault.ended_at
        for machine, part in fault.whole:
            yield f"{part} of {machine} does not run", self.cluster.machines[machine].is_whole(part)
        if fault.needs_turn:
            yield "no turn of the scheduler", self.turn_at > fault.ended_at
        for step, before in fault.held.items():
            yield f"{step} is still held", held.get(step) != before
        if fault.needs_start and waiting:
            count, last = waiting[0]
            yield "no work is begun", not count or float(str(last or 0)) > fault.ended_at

    def _poll(self, name: str) -> None:
        with httpx.Client(timeout=3) as client:
            while not self._stop.wait(EVERY_S):
                with contextlib.suppress(httpx.HTTPError):
                    if name == "turns":
                        self._read_turns(client)
                        continue
                    asked_at = time.time()
                    port = self.cluster.machines[name].web_port
                    answer = client.get(f"http://127.0.0.1:{port}/healthz/ready")
                    if answer.status_code == httpx.codes.OK:
                        self.ready_at[name] = asked_at

    def _read_turns(self, client: httpx.Client) -> None:
        for name, machine in self.cluster.machines.items():
            if name.startswith("scheduler"):
                with contextlib.suppress(httpx.HTTPError):
                    text = client.get(f"http://127.0.0.1:{machine.metrics_port}/metrics").text
                    for found in _TURN.findall(text):
                        self.turn_at = max(self.turn_at, float(found))
