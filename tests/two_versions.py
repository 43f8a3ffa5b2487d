"""The rule of docs/migrations.md: during an upgrade old code runs on new tables, so a migration must suit both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field, ManyToManyField

MARK = "old_code_lives_because"
SHORTEST_REASON = 20
SAFE = (
    operations.CreateModel,
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
)
TAKES_AWAY = (
    operations.DeleteModel,
    operations.RemoveField,
    operations.RenameModel,
    operations.RenameField,
    operations.AlterModelTable,
)


@dataclass(slots=True)
class Judge:
    """Judges the operations of one migration, from the state of the models `before` it."""

    before: ProjectState
    app: str
    made_here: set[str] = field(default_factory=set)

    def faults(self, found: list[Operation]) -> Iterator[str]:
        """Yield what old code would stumble over, in words."""
        for one in found:
            if isinstance(one, operations.SeparateDatabaseAndState):
                yield from self.faults(list(one.database_operations))
                continue
            if isinstance(one, operations.CreateModel):
                self.made_here.add(one.name.lower())
            if not self._is_of_new_table(one) and not isinstance(one, SAFE):
                words = self._fault(one)
                if words:
                    yield f"{one.describe()}: {words}"
            one.state_forwards(self.app, self.before)

    def _is_of_new_table(self, one: Operation) -> bool:
        table = getattr(one, "model_name", getattr(one, "name", ""))
        return isinstance(table, str) and table.lower() in self.made_here

    def _fault(self, one: Operation) -> str:
        if isinstance(one, TAKES_AWAY):
            return "old code still reads and writes it"
        if isinstance(one, operations.AddField):
            return _of_new_column(one.field)
        if isinstance(one, operations.AlterField):
            old = self.before.models[self.app, one.model_name.lower()].fields[one.name]
            return "; ".join(_of_changed_column(old, one.field))
        if isinstance(one, operations.AddConstraint | operations.AlterUniqueTogether):
            return "old code may write what it forbids"
        return "nobody can tell by its kind"


def _of_new_column(column: Field) -> str:  # type: ignore[type-arg]
    if column.null or column.db_default is not NOT_PROVIDED or isinstance(column, ManyToManyField):
        return ""
    return "old code writes rows without it: it needs null=True or db_default (default is Python's alone)"


def _of_changed_column(old: Field, new: Field) -> Iterator[str]:  # type: ignore[type-arg]
    if old.null and not new.null:
        yield "old code writes NULL into it"
    if old.db_default is not NOT_PROVIDED and new.db_default is NOT_PROVIDED and not new.null:
        yield "old code may write rows without it"
    if new.unique and not old.unique:
        yield "old code may write the same twice"
    if old.get_internal_type() != new.get_internal_type():
        yield "it is of another type"
    if new.max_length is not None and (old.max_length is None or old.max_length > new.max_length):
        yield "old code writes longer text into it"
    if old.db_column != new.db_column:
        yield "old code knows it by another name"


def judge(migration: Migration, before: ProjectState) -> list[str]:
    """Return what old code would stumble over, unless the migration says why it will not."""
    if len(getattr(migration, MARK, "")) >= SHORTEST_REASON:
        return []
    return list(Judge(before, migration.app_label).faults(list(migration.operations)))
