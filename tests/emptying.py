"""Empties the tables after each test that commits: those that have rows; what migrations fill stays while it is whole.

Django's own way empties all tables, and makes content types, permissions and groups anew: a quarter of a second on SQLite
and twice that on PostgreSQL, a thousand times a run.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

FILLED = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
Rows = tuple[tuple[Any, ...], ...]


def empty_only_what_is_full() -> None:
    """Let all tests that commit end so from now on; called once, with the tables as migrations leave them."""
    testing: Any = TransactionTestCase  # the door that Django has says nothing of types
    by_django = testing._fixture_teardown
    whole = _read_filled()

    def tear_down(case: TransactionTestCase) -> None:
        nonlocal whole
        if case.available_apps is None and not case.serialized_rollback and _read_filled() == whole:
            _empty()
        else:
            by_django(case)
            whole = _read_filled()

    testing._fixture_teardown = tear_down


def _read_filled() -> Rows:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM auth_group ORDER BY id")
        groups = cursor.fetchall()
        cursor.execute(
            "SELECT group_id, permission_id FROM auth_group_permissions ORDER BY group_id, permission_id"
        )
        allowed = cursor.fetchall()
        cursor.execute("SELECT id, codename FROM auth_permission ORDER BY id")
        permissions = cursor.fetchall()
        cursor.execute("SELECT id, model FROM django_content_type ORDER BY id")
        return tuple(map(tuple, [*groups, *allowed, *permissions, *cursor.fetchall()]))


def _empty() -> None:
    """Empty in any order: what refers to what is checked at the end on SQLite, and not at all on PostgreSQL."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [connection.ops.quote_name(name) for name in names if name not in FILLED]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {t})" for t in tables))  # noqa: S608 - the names are Django's
        full = [table for (table,) in cursor.fetchall()]
        if connection.vendor == "postgresql":
            # Triggers keep the audit's rows from being deleted, by anybody but a superuser who says this.
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in full:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - the same
