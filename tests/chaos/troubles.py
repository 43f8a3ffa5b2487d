"""What fails for a while without being killed: the network, the store, a disk, a clock, a worker that sleeps."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika
import psutil

from gilfoyle.lib.queue import QUEUES
from tests.chaos import bad_store
from tests.chaos.cluster import WEBS, WORKERS, Cluster
from tests.chaos.links import CUT, OPEN, SILENT
from tests.chaos.watching import Fault, Watch

LASTS_S = 12.0
SLEEPS_S = 22.0  # longer than a lease and a turn of the scheduler
JUMP_S = 3600
PLACES = {"web": "the web", "worker": "the workers", "scheduler": "the scheduler"}
NAMES = {"postgres": "the database", "rabbitmq": "the broker", "s3": "the store"}
WORDS = {
    bad_store.FAILING: "the store answers every second request with 500",
    bad_store.SLOW: "the store takes 4 s for every second request",
    bad_store.TRUNCATED: "the store breaks off every second answer in its middle",
    bad_store.STALE: "the store does not find for 3 s what was just written",
}


@dataclass(frozen=True)
class Trouble:
    """A fault that lasts: what begins and ends it."""

    kind: str
    during: Callable[[], contextlib.AbstractContextManager[object]]
    lasts_s: float = LASTS_S


def all_troubles(cluster: Cluster, watch: Watch) -> list[Trouble]:
    """Return every trouble there is on this machine."""
    return list(_all(cluster, watch))


def _all(cluster: Cluster, watch: Watch) -> Iterator[Trouble]:
    for place, here in PLACES.items():
        for server, there in NAMES.items():
            if server == "s3" and not cluster.has_bucket:
                continue
            for state, words in ((CUT, "is cut off from"), (SILENT, "hears nothing of")):
                said = words.replace("is", "are").replace("hears", "hear") if place == "worker" else words
                yield Trouble(f"{here} {said} {there}", _link(cluster, f"{place}-{server}", state))
    for mode, words in WORDS.items() if cluster.has_bucket else ():
        yield Trouble(words, _store(cluster, mode))
    yield Trouble("the broker is emptied", _emptied(cluster), 0.0)
    for part in ("work", "encode"):
        yield Trouble(
            f"a worker ({part}) sleeps longer than its lease, and wakes",
            _asleep(cluster, watch, part),
            SLEEPS_S,
        )
    if cluster.can_fill:
        yield Trouble("a worker's disk is full", _full(cluster))
    if cluster.can_jump:
        for jump_s, words in ((JUMP_S, "an hour ahead"), (-JUMP_S, "an hour behind")):
            yield Trouble(f"the scheduler's clock jumps {words}", _jump(cluster, "scheduler-1", jump_s))
            yield Trouble(
                f"the clock of a machine of workers jumps {words}", _jump(cluster, "worker-1", jump_s)
            )


class Troubler:
    """Has one trouble after the other."""

    def __init__(self, cluster: Cluster, watch: Watch) -> None:
        self.cluster, self.watch = cluster, watch

    def go_through(self, trouble: Trouble, turn: Callable[[], None]) -> Fault:
        """Begin it, let it last, end it; what has to be so again is left to the watch."""
        fault = Fault(trouble.kind, time.time())
        with trouble.during():
            until_s = time.monotonic() + trouble.lasts_s
            while time.monotonic() < until_s:
                turn()
        fault.held = self.watch.held()
        fault.webs, fault.needs_turn, fault.needs_start = list(WEBS), True, True
        fault.ended_at = time.time()
        self.watch.faults.append(fault)
        return fault


def _link(cluster: Cluster, link: str, state: str) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        cluster.network.set(link, state)
        try:
            yield
        finally:
            cluster.network.set(link, OPEN)

    return during


def _store(cluster: Cluster, mode: str) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        cluster.store.mode = mode
        try:
            yield
        finally:
            cluster.store.mode = bad_store.WELL

    return during


def _emptied(cluster: Cluster) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        with pika.BlockingConnection(pika.URLParameters(cluster.broker_url)) as connection:
            for queue in QUEUES:
                for name in (queue, f"{queue}.DQ"):
                    channel = connection.channel()
                    with contextlib.suppress(pika.exceptions.AMQPChannelError):  # nobody has needed it yet
                        channel.queue_purge(name)
        yield

    return during


def _asleep(
    cluster: Cluster, watch: Watch, part: str
) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        held = {owner.split(":")[1] for _, _, owner in watch.held().values() if owner.count(":") == 2}
        found = [
            one
            for name in WORKERS
            for process in [cluster.machines[name].children().get(part)]
            if process is not None
            for one in process.children()
        ]
        # One that has work, where there is one.
        found.sort(key=lambda one: str(one.pid) not in held)
        victims = found[:1]
        for one in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for one in victims:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(signal.SIGCONT)

    return during


def _full(cluster: Cluster) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        filler = cluster.machines["worker-1"].data_dir / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        try:
            yield
        finally:
            filler.unlink()

    return during


def _jump(
    cluster: Cluster, machine: str, jump_s: int
) -> Callable[[], contextlib.AbstractContextManager[object]]:
    @contextmanager
    def during() -> Iterator[None]:
        _set_clock(cluster, machine, jump_s)
        try:
            yield
        finally:
            _set_clock(cluster, machine, 0)

    return during


def _set_clock(cluster: Cluster, machine: str, jump_s: int) -> None:
    path = cluster.clock_file(machine)
    new = path.with_suffix(".new")
    new.write_text(f"{jump_s:+d}\n")
    new.replace(path)
