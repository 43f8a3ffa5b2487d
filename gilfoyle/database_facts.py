"""What there is to know of the databases in use: kind, version, isolation."""

from __future__ import annotations

from typing import Any

from django.db import connections

from gilfoyle.lib.databases import DEFAULT

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


def _ask(alias: str, statement: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
