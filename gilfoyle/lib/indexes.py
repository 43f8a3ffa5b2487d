"""Indexes that are built while the house is open: a migration must not stop writers for the minutes that a large table takes."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, RemoveIndex
from django.db.migrations.state import ProjectState


def is_postgresql(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    """Tell whether it is PostgreSQL itself that a migration changes."""
    # CockroachDB's backend calls itself so, too, and builds every index beside its writers by itself.
    return schema_editor.connection.vendor == "postgresql" and not _is_cockroachdb(schema_editor)


class AddIndexBesideWriters(AddIndex):
    """Adds an index: on PostgreSQL with CONCURRENTLY, elsewhere as ever. Its migration needs `atomic = False`.

    It can be begun again where it was cut off: what is there of the index, whole or half built, is dropped first.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        del from_state
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _drop(schema_editor, self.index.name)
            beside = {"concurrently": True} if is_postgresql(schema_editor) else {}
            schema_editor.add_index(model, self.index, **beside)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        del to_state
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _drop(schema_editor, self.index.name)

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
        del to_state
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _drop(schema_editor, self.name)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: Any,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        del from_state
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
            _drop(schema_editor, self.name)
            beside = {"concurrently": True} if is_postgresql(schema_editor) else {}
            schema_editor.add_index(model, index, **beside)

    def describe(self) -> str:
        return f"Beside writers: {super().describe()}"


def _drop(schema_editor: Any, name: str) -> None:
    """Drop an index where there is one: a migration of many, none of which is undone, can end after any of them."""
    beside = "CONCURRENTLY " if is_postgresql(schema_editor) else ""
    schema_editor.execute(f"DROP INDEX {beside}IF EXISTS {schema_editor.quote_name(name)}")


def _is_cockroachdb(schema_editor: Any) -> bool:
    return "cockroach" in str(schema_editor.connection.settings_dict["ENGINE"])
