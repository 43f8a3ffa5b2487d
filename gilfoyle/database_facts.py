"""What there is to know of the databases in use: kind, version, isolation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

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


def say_if_empty() -> str:
    """Return what to do where the database has no tables, as in a folder in which nothing was started; else nothing."""
    try:
        if connections[DEFAULT].introspection.table_names():
            return ""
    except DatabaseError:  # not to be reached: another trouble
        return ""
    if settings.GILFOYLE.database.url.get_secret_value():
        return (
            "The database of GILFOYLE_DATABASE_URL (database.url) has no tables yet. Run `manage.py migrate`."
        )
    return (
        f"Nothing was started in {settings.DATA_DIR} yet: there are no tables. Where Gilfoyle runs in another folder, give "
        "this command the GILFOYLE_DATA_DIR that it was started with; else start it by `make run`."
    )


def _ask(alias: str, statement: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
