from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from structlog.testing import capture_logs

from gilfoyle.scheduler import Sweeps, run_scheduler
from gilfoyle.scheduling.election import Election
from gilfoyle.scheduling.leases import DatabaseLeases
from videos.models import Project

pytestmark = pytest.mark.django_db


class Told(Election):
    """An election whose outcome the test tells."""

    acts = True

    def __init__(self) -> None:
        super().__init__(DatabaseLeases(), lease_s=10)

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def may_act(self) -> bool:
        return self.acts


def run(sweeps: Callable[[], Sweeps], *, stop: Event, after_turn: Callable[[], None], **changes: Any) -> None:
    told: dict[str, Any] = {"election": Told(), "standing_by": {}, "every_s": 0, **changes}
    run_scheduler(told.pop("election"), acting=sweeps, stop=stop, after_turn=after_turn, **told)


def test_every_turn_runs_every_sweep_in_order_until_stopped() -> None:
    stop = Event()
    ran: list[str] = []

    def after_turn() -> None:
        ran.append("turn")
        if ran.count("turn") == 3:
            stop.set()

    sweeps = {"one": lambda: ran.append("one"), "two": lambda: ran.append("two")}
    run(lambda: sweeps, stop=stop, after_turn=after_turn)
    assert ran == ["one", "two", "turn"] * 3


def test_failing_sweep_is_logged_and_stops_nothing() -> None:
    stop = Event()
    ran: list[str] = []

    def fail() -> None:
        raise RuntimeError("the store is away")

    def after_turn() -> None:
        if len(ran) == 2:
            stop.set()

    with capture_logs() as logs:
        run(lambda: {"bad": fail, "good": lambda: ran.append("good")}, stop=stop, after_turn=after_turn)
    assert ran == ["good", "good"]
    assert [(entry["event"], entry["sweep"]) for entry in logs] == [("sweep_failed", "bad")] * 2


def test_stop_ends_the_wait_and_the_rest_of_a_turn() -> None:
    stop = Event()
    ran: list[str] = []

    def end() -> None:
        ran.append("first")
        stop.set()

    run(
        lambda: {"first": end, "second": lambda: ran.append("second")},
        stop=stop,
        every_s=3600,
        after_turn=lambda: None,
    )
    assert ran == ["first"]


def test_a_sweep_that_is_told_to_stop_ends_its_transaction_and_begins_nothing_more() -> None:
    stop = Event()
    ran: list[str] = []

    def sweep() -> None:
        stop.set()
        Project.objects.count()  # inside the transaction of the test, as in one of its own
        ran.append("inside")
        transaction.get_connection().in_atomic_block = False
        try:
            Project.objects.count()
            ran.append("outside")
        finally:
            transaction.get_connection().in_atomic_block = True

    run(lambda: {"one": sweep}, stop=stop, after_turn=lambda: None)
    assert ran == ["inside"]


def test_nothing_runs_after_a_stop_that_came_first() -> None:
    stop = Event()
    ran: list[str] = []
    stop.set()
    run(lambda: {"one": lambda: ran.append("one")}, stop=stop, after_turn=stop.clear)
    assert ran == []


def test_who_stands_by_does_what_is_its_machines_alone_and_remembers_nothing_when_it_acts_again() -> None:
    stop, election = Event(), Told()
    ran: list[str] = []
    turns = iter([False, True, True, False, True])

    def after_turn() -> None:
        acts = next(turns, None)
        election.acts = bool(acts)
        if acts is None:
            stop.set()

    def begin() -> Sweeps:
        ran.append("begin")
        return {"one": lambda: ran.append("one")}

    run(
        begin,
        stop=stop,
        after_turn=after_turn,
        election=election,
        standing_by={"own": lambda: ran.append("own")},
    )
    assert ran == ["begin", "one", "own", "begin", "one", "one", "own", "begin", "one"]


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_lease_within_a_sweep_does_nothing_more() -> None:
    stop, election = Event(), Told()
    ran: list[str] = []

    def lose() -> None:
        election.acts = False
        ran.append("lost")
        try:
            Project.objects.count()
        except Exception:  # noqa: BLE001 - a sweep that goes on whatever fails
            ran.append("went on")

    with capture_logs() as logs:
        run(
            lambda: {"one": lose, "two": lambda: ran.append("two")},
            stop=stop,
            after_turn=stop.set,
            election=election,
        )
    assert ran == ["lost"]
    assert [entry["event"] for entry in logs] == ["sweeps_broken_off"]
