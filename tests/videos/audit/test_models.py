from __future__ import annotations

import pytest
from django.db import connection

from videos.audit.models import AuditEntry
from videos.audit.services import record


@pytest.mark.django_db
def test_data_is_kept_as_canonical_text() -> None:
    entry = record("case.decided", object_type="case", object_id="cas_1", data={"b": 1.0, "a": "é\0"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM videos_auditentry WHERE id = %s", [entry.pk])
        assert cursor.fetchone() == ('{"a":"é\\u0000","b":1}',)
    assert AuditEntry.objects.get().data == {"a": "é\0", "b": 1}


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"n":1e999}', '{"t":"\\ud800"}', "[1]"])
def test_data_that_is_no_json_is_still_looked_at(text: str) -> None:
    entry = record("case.decided", object_type="case", object_id="cas_1")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER IF EXISTS audit_entry_kept" + _on(), [])
        cursor.execute("UPDATE videos_auditentry SET data = %s", [text])
    entry.refresh_from_db()
    assert entry.data == {"unreadable": text}


def _on() -> str:
    return " ON videos_auditentry" if connection.vendor == "postgresql" else ""


@pytest.mark.django_db
def test_entries_show_their_place_and_verb() -> None:
    entry = record("case.decided", object_type="case", object_id="cas_1")
    assert str(entry) == "new: case.decided"
