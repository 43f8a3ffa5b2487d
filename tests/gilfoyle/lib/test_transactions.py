"""Transactions that lose races, for real threads and for a database that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.transactions import atomic, is_lost_race, repeat_statement, savepoint, watch_connection
from tests.broken_database import Stumble
from tests.factories import make_project
from tests.lost_races import Races, lost_race, races_lost
from tests.threads import run_at_once
from videos.access.models import Project


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("gilfoyle.lib.transactions.time.sleep", pauses.append)
    return pauses


def losing(times: int, then: Callable[[], Any] = lambda: None) -> Callable[[], Any]:
    """Return a function that loses so many races, and does the rest."""
    left = [times]

    def work() -> Any:
        make_project(f"try {left[0]}")
        if left[0]:
            left[0] -= 1
            raise lost_race()
        return then()

    return work


def be_patient(settings: Any, for_s: float) -> None:
    database = settings.GILFOYLE.database.model_copy(update={"retry_s": for_s})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"database": database})


def names() -> list[str]:
    return sorted(Project.objects.exclude(name="").values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_what_lost_is_done_again_from_its_start_and_leaves_nothing_behind() -> None:
    done: list[str] = []

    def work() -> str:
        after_commit(done.append, "committed")
        return "won"

    assert atomic(losing(3, work))() == "won"
    assert [name for name in names() if name.startswith("try")] == ["try 0"]
    assert done == ["committed"]


@pytest.mark.django_db(transaction=True)
def test_each_pause_is_random_below_twice_the_one_before(
    without_pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gilfoyle.lib.transactions.random.uniform", lambda _least, most: most)
    atomic(losing(9))()
    assert without_pauses == [0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]


@pytest.mark.django_db(transaction=True)
def test_it_is_given_up_after_a_while(settings: Any) -> None:
    be_patient(settings, 0)
    with pytest.raises(OperationalError, match="serialize"):
        atomic(losing(1))()
    assert not [name for name in names() if name.startswith("try")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [IntegrityError("twice"), ValueError("no"), OperationalError("away")])
def test_other_errors_are_told_at_once(error: Exception, without_pauses: list[float]) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)):
        atomic(work)()
    assert without_pauses == []


@pytest.mark.django_db(transaction=True)
def test_a_part_is_done_again_with_the_whole() -> None:
    part, tries = atomic(losing(2)), []

    @atomic
    def whole() -> None:
        tries.append(len(names()))
        part()

    whole()
    assert tries == [tries[0]] * 3


@pytest.mark.django_db(transaction=True)
def test_a_part_of_a_plain_transaction_is_never_repeated(without_pauses: list[float]) -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        atomic(losing(1))()
    assert without_pauses == []


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_is_no_transaction() -> None:
    with pytest.raises(RuntimeError, match="atomic"), savepoint():
        pass

    @atomic
    def whole() -> None:
        make_project("kept")
        with pytest.raises(ValueError, match="no"), savepoint():
            refuse()

    def refuse() -> None:
        make_project("undone")
        message = "no"
        raise ValueError(message)

    whole()
    assert [name for name in names() if name in {"kept", "undone"}] == ["kept"]


def test_a_lost_race_is_known_by_its_state_however_deep_it_lies() -> None:
    def caused_by(cause: Exception) -> DatabaseError:
        error = DatabaseError("…")
        error.__cause__ = cause
        return error

    assert is_lost_race(lost_race())
    assert is_lost_race(caused_by(DeadlockDetected()))
    assert is_lost_race(caused_by(caused_by(DeadlockDetected())))
    assert not is_lost_race(caused_by(LockNotAvailable()))
    assert not is_lost_race(OperationalError("could not serialize access"))
    assert not is_lost_race(None)


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_is_a_transaction_by_itself_is_done_again() -> None:
    def lose() -> None:
        raise lost_race()

    stumble = Stumble(lose, part="INSERT", times=2)
    with connection.execute_wrapper(repeat_statement), connection.execute_wrapper(stumble):
        make_project("kept")
        assert stumble.met == 2
        inside = Stumble(lose, part="INSERT")
        with pytest.raises(OperationalError), connection.execute_wrapper(inside), transaction.atomic():
            make_project("undone")
    assert {"kept", "undone"} & set(names()) == {"kept"}


def test_every_connection_but_sqlite_s_repeats_statements() -> None:
    class Made:
        def __init__(self, vendor: str) -> None:
            self.vendor, self.execute_wrappers = vendor, ["another"]

    for vendor, expected in (
        ("sqlite", ["another"]),
        ("postgresql", [repeat_statement, "another"]),
        ("cockroachdb", [repeat_statement, "another"]),
    ):
        made: Any = Made(vendor)
        watch_connection(connection=made)
        watch_connection(connection=made)
        assert made.execute_wrappers == expected


@pytest.mark.django_db
@pytest.mark.parametrize("at_statements", [False, True])
def test_races_can_be_lost_inside_of_a_test_s_own_transaction(at_statements: bool) -> None:
    turns, tries = iter([True, False, True]), []
    races = Races(lambda: next(turns, False))

    @atomic
    def work() -> None:
        tries.append(len(names()))
        make_project("kept")

    with races_lost(races, at_statements=at_statements):
        work()
    assert tries == [tries[0]] * len(tries)
    assert races.lost == len(tries) - 1 == 2 - (not at_statements)
    assert "kept" in names()


@pytest.mark.django_db(transaction=True)
def test_a_hundred_that_add_one_at_once_add_a_hundred(settings: Any) -> None:
    """Without locks, at SERIALIZABLE: all but one of those that read the same number lose (SQLite lets in one at a time)."""
    be_patient(settings, 280)
    project = make_project("counted")
    Project.objects.filter(pk=project.pk).update(name="0")

    @atomic
    def add() -> None:
        if connection.vendor != "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        row = Project.objects.get(pk=project.pk)
        row.name = str(int(row.name) + 1)
        row.save(update_fields=["name"])

    outcomes = run_at_once([add] * 100)
    assert outcomes == [None] * 100
    assert Project.objects.get(pk=project.pk).name == "100"
