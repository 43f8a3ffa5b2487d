"""One level of the simulation: so many workers, watched for a while."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import psycopg

from tests.benchmarks.fleet import Fleet, Told
from tests.benchmarks.worker_servers import Server
from tests.embedded import wait_until

LOOK_S = 0.5
ACTIVITY = """
    SELECT coalesce(wait_event_type, 'CPU'), count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid() GROUP BY 1
"""
SPENT = """
    SELECT xact_commit + xact_rollback, pg_current_wal_lsn() - '0/0'::pg_lsn, tup_inserted + tup_updated + tup_deleted, sessions
    FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Cycles:
    """What the workers did between the first and the last step that each began in the window."""

    steps: int
    worked_s: float  # all workers together
    slept_s: float
    idle_s: tuple[float, ...]  # from a step's end to the next one's beginning

    @property
    def share_asleep(self) -> float:
        """How much of their time they encoded, were this no simulation."""
        return self.slept_s / self.worked_s if self.worked_s else 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """What so many workers achieved, and what each of their steps cost whom."""

    workers: int
    cycles: Cycles
    ended: int  # steps that ended in the window
    window_s: float
    worker_cpu_s: float
    other_cpu_s: float  # the pools and the scheduler of the machine that does not encode
    database_cpu_s: float
    broker_cpu_s: float
    machine_busy: float  # share of all cores, everybody's
    transactions: int
    sessions: int
    wal_bytes: int
    rows_written: int
    lock_waits: int
    seen: Counter[str]  # what active connections were doing, by kind of wait
    looks: int

    @property
    def steps_a_second(self) -> float:
        """All workers together, if every chunk were as long as the average one."""
        return self.workers * self.cycles.steps / self.cycles.worked_s if self.cycles.worked_s else 0.0


@dataclass
class _Watch:
    """What a thread saw of the database while the workers worked."""

    seen: Counter[str] = field(default_factory=Counter)
    looks: int = 0


def measure_level(
    fleet: Fleet,
    workers: int,
    *,
    sleeps_s: Mapping[str, float],
    window_s: float,
    database: Server,
    broker: Server,
) -> Level:
    """Grow the fleet to so many workers, wait until all of them work, and watch them."""
    fleet.grow_to(workers)
    wait_until(
        lambda: all(member.told() for member in fleet.encoders),
        what=f"{workers} workers to begin",
        patience_s=600,
    )
    others = [member for member in fleet.members if member not in fleet.encoders]
    psutil.cpu_percent()
    with psycopg.connect(database.url, autocommit=True) as connection, _watched(database) as watch:
        spent, waits, began_s = _spent(connection), _lock_waits(database), time.time()
        cpu = [fleet.cpu_s(fleet.encoders), fleet.cpu_s(others), database.cpu_s(), broker.cpu_s()]
        time.sleep(window_s)
        ended_s = time.time()
        after = [fleet.cpu_s(fleet.encoders), fleet.cpu_s(others), database.cpu_s(), broker.cpu_s()]
        busy = psutil.cpu_percent() / 100
        now = _spent(connection)
    told = [member.told() for member in fleet.encoders]
    cpu_s = [b - a for a, b in zip(cpu, after, strict=True)]
    rows = [b - a for a, b in zip(spent, now, strict=True)]
    return Level(
        workers=workers,
        cycles=cycles_of(told, sleeps_s, began_s, ended_s),
        ended=sum(
            one.event == "step_ended" and began_s <= one.at_s < ended_s for lines in told for one in lines
        ),
        window_s=ended_s - began_s,
        worker_cpu_s=cpu_s[0],
        other_cpu_s=cpu_s[1],
        database_cpu_s=cpu_s[2],
        broker_cpu_s=cpu_s[3],
        machine_busy=busy,
        transactions=rows[0],
        wal_bytes=rows[1],
        rows_written=rows[2],
        sessions=rows[3],
        lock_waits=_lock_waits(database) - waits,
        seen=watch.seen,
        looks=watch.looks,
    )


def cycles_of(
    told: Sequence[Sequence[Told]], sleeps_s: Mapping[str, float], began_s: float, ended_s: float
) -> Cycles:
    """Count whole cycles only: from a step's beginning to the next one's, of each worker."""
    steps, worked_s, slept, idle = 0, 0.0, 0.0, []
    for lines in told:
        window = [one for one in lines if began_s <= one.at_s < ended_s]
        starts = [one for one in window if one.event == "step_started"]
        if len(starts) < 2:
            continue
        steps += len(starts) - 1
        worked_s += starts[-1].at_s - starts[0].at_s
        slept += sum(sleeps_s[one.step] for one in starts[:-1])
        ends = [one.at_s for one in window if one.event != "step_started" and one.at_s > starts[0].at_s]
        idle += [start.at_s - end for start, end in zip(starts[1:], ends, strict=False)]
    return Cycles(steps, worked_s, slept, tuple(idle))


def _spent(connection: psycopg.Connection[tuple[int, ...]]) -> tuple[int, ...]:
    row = connection.execute(SPENT).fetchone()
    return tuple(map(int, row or ()))


def _lock_waits(database: Server) -> int:
    """Return how often somebody has waited for a lock for longer than 20 ms so far."""
    return database.log.read_text(errors="replace").count("still waiting for")


@contextmanager
def _watched(database: Server) -> Iterator[_Watch]:
    """Look again and again at what the connections wait for."""
    watch, over = _Watch(), threading.Event()

    def look() -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            while not over.wait(LOOK_S):
                watch.seen.update(dict(connection.execute(ACTIVITY).fetchall()))
                watch.looks += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
