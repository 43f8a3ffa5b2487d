"""Indexes that are built while the house is open: a migration must not stop writers for the minutes that a large table takes."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, RemoveIndex
from django.db.migrations.state import ProjectState


def is_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    """Tell whether it is PostgreSQL itself that a migration changes."""
    # CockroachDB's backend calls itself so, too, and builds every index beside its writers by itself.
    settings: dict[str, Any] = schema_editor.connection.settings_dict
    return schema_editor.connection.vendor == "postgresql" and "cockroach" not in str(settings["ENGINE"])


class AddIndexBesideWriters(AddIndex):
    """Adds an index: on PostgreSQL with CONCURRENTLY, elsewhere as ever. Its migration needs `atomic = False`.

    It can be begun again where it was cut off: what is left of an index that was half built is dropped first.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.execute(
                f"DROP INDEX CONCURRENTLY IF EXISTS {_quoted(schema_editor, self.index.name)}"
            )
            schema_editor.add_index(model, self.index, concurrently=True)

    def describe(self) -> str:
        return f"Beside writers: {super().describe()}"


class RemoveIndexBesideWriters(RemoveIndex):
    """Removes an index that another one has replaced, in the same way."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if self.allow_migrate_model(
            schema_editor.connection.alias, from_state.apps.get_model(app_label, self.model_name)
        ):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_quoted(schema_editor, self.name)}")

    def describe(self) -> str:
        return f"Beside writers: {super().describe()}"


def _quoted(schema_editor: Any, name: str) -> str:
    return str(schema_editor.quote_name(name))
