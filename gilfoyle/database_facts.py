"""What there is to know of the databases in use: kind, version, isolation, and how far the copy is behind."""

from __future__ import annotations

from typing import Any

from django.db import connections

from gilfoyle.lib.databases import DEFAULT, REPLICA

# Nothing is behind where all that came was applied, however long ago that was.
_LAG = """
SELECT pg_is_in_recovery(),
    CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
"""
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "cockroachdb": "CockroachDB"}


def describe_database(alias: str = DEFAULT) -> str:
    """Return kind, version and isolation of a database, in words.

    Raises: DatabaseError.
    """
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return f"SQLite {_ask(alias, 'SELECT sqlite_version()')[0]}, one writer at a time"
    isolation = _ask(alias, "SHOW transaction_isolation")[0]
    version = str(_ask(alias, "SHOW server_version")[0]).split()[0]
    if connection.vendor == "cockroachdb":  # whose server_version is that of the PostgreSQL that it resembles
        version = ".".join(str(part) for part in getattr(connection, "cockroachdb_version", ()))
    return f"{KINDS.get(connection.vendor, connection.vendor)} {version}, {isolation}"


def replica_lag_s() -> float | None:
    """Return how far the copy is behind, in seconds; None where it follows nobody.

    Raises: DatabaseError.
    """
    follows, lag_s = _ask(REPLICA, _LAG)
    return float(lag_s or 0) if follows else None


def _ask(alias: str, statement: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
