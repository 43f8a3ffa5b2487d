import pytest
from django.db import connection

from gilfoyle.database_facts import describe_database


@pytest.mark.django_db
def test_the_database_tells_its_kind_version_and_isolation() -> None:
    words = describe_database()
    expected = {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1", "cockroachdb": "CockroachDB "}
    assert words.startswith(expected[connection.vendor])
    assert words.endswith(("one writer at a time", "read committed", "serializable"))
