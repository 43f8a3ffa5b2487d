from typing import Any

import pytest
from django.db import connection

from gilfoyle import database_facts
from gilfoyle.database_facts import describe_database, replica_lag_s


@pytest.mark.django_db
def test_the_database_tells_its_kind_version_and_isolation() -> None:
    words = describe_database()
    expected = {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1", "cockroachdb": "CockroachDB "}
    assert words.startswith(expected[connection.vendor])
    assert words.endswith(("one writer at a time", "read committed", "serializable"))


@pytest.mark.parametrize(
    ("row", "lag_s"), [((True, 1.5), 1.5), ((True, 0), 0.0), ((True, None), 0.0), ((False, None), None)]
)
def test_a_copy_that_follows_nobody_has_no_lag(
    row: tuple[Any, ...], lag_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_facts, "_ask", lambda alias, _statement: {"replica": row}[alias])
    assert replica_lag_s() == lag_s


@pytest.mark.django_db
def test_the_question_for_the_lag_is_one_that_postgresql_understands(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "postgresql":
        monkeypatch.setattr(database_facts, "REPLICA", "default")
        assert replica_lag_s() is None
