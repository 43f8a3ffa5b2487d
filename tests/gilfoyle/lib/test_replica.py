"""Reads from a copy. In tests the copy is the database itself: what is read from it is told by the rows' own `_state`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from gilfoyle.lib import replica as replica_module
from gilfoyle.lib.databases import REPLICA
from gilfoyle.lib.replica import Replica, WritesToDefault, replica_lag_s
from tests.factories import make_project
from videos.access.models import Project


class Copy:
    """A connection that can or can't be made; one that was made stays open, though its server goes."""

    def __init__(self) -> None:
        self.asked, self.is_away, self.is_open = 0, False, False
        self.vendor = "sqlite"

    def close_if_health_check_failed(self) -> None:
        self.is_open = self.is_open and not self.is_away

    def ensure_connection(self) -> None:
        if self.is_open:
            return
        self.asked += 1
        self.is_open = not self.is_away
        if self.is_away:
            message = "connection refused"
            raise OperationalError(message)


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    made = Copy()
    monkeypatch.setitem(connections.settings, REPLICA, {})
    connections[REPLICA] = made  # type: ignore[assignment]  # all that is asked of it
    yield made
    del connections[REPLICA]


@pytest.mark.django_db(transaction=True)
def test_all_is_read_from_the_database_where_there_is_no_copy() -> None:
    assert Replica().rows(Project.objects.all()).db == "default"


@pytest.mark.django_db(transaction=True)
def test_what_may_be_late_is_read_from_the_copy_but_never_inside_a_transaction(copy: Copy) -> None:
    assert Replica().rows(Project.objects.all()).db == REPLICA
    with transaction.atomic():
        assert Replica().rows(Project.objects.all()).db == "default"


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_is_away_is_left_alone_for_a_while(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("gilfoyle.lib.replica.time.monotonic", lambda: now[0])
    copy.is_away = True
    replica = Replica()
    assert [replica.rows(Project.objects.all()).db for _ in range(3)] == ["default"] * 3
    assert copy.asked == 1
    copy.is_away = False
    now[0] += 31
    assert replica.rows(Project.objects.all()).db == REPLICA


@pytest.mark.django_db(transaction=True)
def test_one_whose_server_goes_while_it_is_open_is_not_read_from(copy: Copy) -> None:
    replica = Replica()
    assert replica.rows(Project.objects.all()).db == REPLICA
    copy.is_away = True
    assert replica.rows(Project.objects.all()).db == "default"


@pytest.mark.django_db(transaction=True)
def test_so_it_is_with_a_real_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is a file, which doesn't go")
    real = connection.copy()
    monkeypatch.setitem(connections.settings, REPLICA, {})
    monkeypatch.setattr(replica_module, "replica_lag_s", lambda: 0.0)
    connections[REPLICA] = real
    try:
        assert list(Replica().rows(Project.objects.all()).filter(name="none")) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [real.connection.info.backend_pid])
        real.settings_dict = real.settings_dict | {"PORT": "1"}
        real.close_if_unusable_or_obsolete()  # as at the beginning of each request
        found = Replica().rows(Project.objects.all())
        assert (found.db, list(found.filter(name="none"))) == ("default", [])
    finally:
        real.close()
        del connections[REPLICA]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("lag_s", "read"), [(29.0, REPLICA), (31.0, "default"), (None, "default")])
def test_one_that_is_far_behind_is_left_alone_and_asked_now_and_then(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, lag_s: float | None, read: str
) -> None:
    now, lags = [100.0], [lag_s, 0.0]
    monkeypatch.setattr("gilfoyle.lib.replica.time.monotonic", lambda: now[0])
    monkeypatch.setattr(replica_module, "replica_lag_s", lambda: lags.pop(0))
    copy.vendor = "postgresql"
    replica = Replica()
    assert {replica.rows(Project.objects.all()).db for _ in range(3)} == {read}
    assert lags == [0.0]
    now[0] += 31
    assert replica.rows(Project.objects.all()).db == REPLICA
    assert lags == []


@pytest.mark.django_db
def test_rows_of_the_copy_are_written_where_all_are(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.router.routers", [WritesToDefault()])
    project = make_project("read late")
    project._state.db = REPLICA
    project.save()
    assert project._state.db == "default"
    assert not WritesToDefault().allow_migrate(REPLICA, "videos")
    assert WritesToDefault().allow_migrate("default", "videos")


@pytest.mark.parametrize(
    ("row", "lag_s"), [((True, 1.5), 1.5), ((True, 0), 0.0), ((True, None), math.inf), ((False, None), None)]
)
def test_a_copy_that_follows_nobody_has_no_lag(
    row: tuple[Any, ...], lag_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica_module, "_ask", lambda _statement: row)
    assert replica_lag_s() == lag_s


@pytest.mark.django_db
def test_the_question_for_the_lag_is_one_that_postgresql_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "postgresql":
        monkeypatch.setattr(replica_module, "REPLICA", "default")
        assert replica_lag_s() is None
