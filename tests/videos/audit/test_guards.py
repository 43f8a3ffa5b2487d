from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddIndex, RemoveIndex

from videos.audit.guards import missing_guards, remove_guards
from videos.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from videos.audit.services import link_entries, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("guards")]


@pytest.fixture
def entry(guards: None) -> AuditEntry:
    made = record("case.decided", object_type="case", object_id="cas_1")
    link_entries()
    made.refresh_from_db()
    return made


COLUMNS = [field.column for field in AuditEntry._meta.concrete_fields if field.column != "id"]


@pytest.mark.parametrize("column", COLUMNS)
def test_nothing_of_an_entry_is_changed(entry: AuditEntry, column: str) -> None:
    value: Any = {"seq": 9, "at": "2020-01-01 00:00:00+00"}.get(column, "other")
    with (
        pytest.raises(IntegrityError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE videos_auditentry SET {column} = %s", [value])  # noqa: S608 - a column of ours
    entry.refresh_from_db()
    assert entry.seq == 1


@pytest.mark.parametrize(
    "column", [one for one in COLUMNS if one not in {"seq", "prev_hash", "hash", "seal"}]
)
def test_what_is_not_linked_yet_is_not_changed_either(guards: None, column: str) -> None:
    record("case.decided", object_type="case", object_id="cas_1")
    value: Any = {"at": "2020-01-01 00:00:00+00"}.get(column, "other")
    with (
        pytest.raises(IntegrityError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE videos_auditentry SET {column} = %s", [value])  # noqa: S608 - a column of ours


def test_no_entry_is_deleted(entry: AuditEntry) -> None:
    record("case.decided", object_type="case", object_id="cas_2")  # nor one that has no place yet
    for rows in (AuditEntry.objects.filter(seq=1), AuditEntry.objects.filter(seq=None)):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.delete()
    assert AuditEntry.objects.count() == 2


def test_retention_has_its_door(entry: AuditEntry) -> None:
    record("case.decided", object_type="case", object_id="cas_2")
    link_entries()
    AuditHead.objects.update(base_seq=1)
    AuditEntry.objects.filter(seq=1).delete()
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditEntry.objects.filter(seq=2).delete()


def test_the_head_never_goes_back(entry: AuditEntry) -> None:
    for change in ({"seq": 0}, {"base_seq": -1}):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            AuditHead.objects.update(**change)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditHead.objects.all().delete()


def test_checkpoints_stay(entry: AuditEntry) -> None:
    AuditCheckpoint.objects.create(
        kind="checkpoint", seq=1, hash=entry.hash, at=entry.at, key_id="k", signature="s"
    )
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditCheckpoint.objects.update(hash="other")
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        AuditCheckpoint.objects.all().delete()


def test_what_is_missing_is_named(guards: None) -> None:
    assert missing_guards(connection) == frozenset()
    remove_guards(connection)
    assert "audit_entry_stays" in missing_guards(connection)


INDEXES = AddIndex | RemoveIndex  # these leave the table as it is


def test_no_migration_since_has_altered_a_table_without_its_guards() -> None:
    """SQLite makes an altered table anew, without triggers: who alters one takes the guards away and adds them again."""
    tables = {"auditentry", "auditcheckpoint", "audithead"}
    altered = [
        name
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app == "videos" and name > "0030_audit_guards"
        for operation in migration.operations
        if getattr(operation, "model_name", "").lower() in tables and not isinstance(operation, INDEXES)
    ]
    assert altered == [], "add guards.remove_guards before and guards.add_guards after, then list it here"
