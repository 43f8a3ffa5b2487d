from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from videos.audit.actors import SYSTEM, set_process_actor
from videos.audit.guards import add_guards, missing_guards, remove_guards


@pytest.fixture(autouse=True)
def nobody_else() -> None:
    """Other tests make a worker of this process."""
    set_process_actor(SYSTEM)


@pytest.fixture
def guards(db: None) -> Iterator[None]:
    """The database's own guards, which the tests at large do without on SQLite."""
    were_missing = bool(missing_guards(connection))
    if were_missing:
        add_guards(connection)
    yield
    if were_missing:
        remove_guards(connection)


@pytest.fixture
def no_guards(transactional_db: None) -> Iterator[None]:
    """A database whose owner has switched its guards off, as an attacker might."""
    are_there = not missing_guards(connection)
    remove_guards(connection)
    yield
    if are_there:
        add_guards(connection)


@pytest.fixture
def attacked(db: None) -> None:
    """The same within a transaction, which is undone."""
    remove_guards(connection)
