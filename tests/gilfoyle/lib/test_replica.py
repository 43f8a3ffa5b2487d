"""Reads from a copy. In tests the copy is the database itself: what is read from it is told by the rows' own `_state`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from gilfoyle.lib.databases import REPLICA
from gilfoyle.lib.replica import Replica, WritesToDefault
from tests.factories import make_project
from videos.access.models import Project


class Copy:
    """A connection that can or can't be made."""

    def __init__(self) -> None:
        self.asked, self.is_away = 0, False
        self.vendor = "sqlite"

    def ensure_connection(self) -> None:
        self.asked += 1
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


@pytest.mark.django_db
def test_rows_of_the_copy_are_written_where_all_are(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.router.routers", [WritesToDefault()])
    project = make_project("read late")
    project._state.db = REPLICA
    project.save()
    assert project._state.db == "default"
    assert not WritesToDefault().allow_migrate(REPLICA, "videos")
    assert WritesToDefault().allow_migrate("default", "videos")
