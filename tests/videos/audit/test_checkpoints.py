from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from tests.videos.audit.chains import fill, sign, verify
from videos.audit import checkpoints
from videos.audit.checkpoints import copy_checkpoints, erase_personal, make_checkpoint, prune_entries
from videos.audit.guards import missing_guards
from videos.audit.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal
from videos.audit.services import link_entries, record
from videos.audit.witness import FILE, read_marks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("guards")]
YEARS = timedelta(days=4 * 365)


def test_the_end_is_signed_once(tmp_path: Path) -> None:
    now = timezone.now()
    assert not make_checkpoint(now=now)  # there is nothing yet
    fill(3)
    assert make_checkpoint(now=now)
    assert not make_checkpoint(now=now)
    fill(1)
    assert not make_checkpoint(every_s=60, now=now + timedelta(seconds=59))
    assert make_checkpoint(every_s=60, now=now + timedelta(seconds=61))
    assert [row.seq for row in AuditCheckpoint.objects.order_by("id")] == [3, 4]


def test_two_who_find_it_due_sign_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    fill(3)
    is_young, seen = checkpoints._is_young, iter([False])
    assert make_checkpoint(every_s=60, now=now)
    fill(1)
    # The other one looked before that was signed.
    monkeypatch.setattr(checkpoints, "_is_young", lambda *told: next(seen, None) is None and is_young(*told))
    assert not make_checkpoint(every_s=60, now=now)


def test_the_end_is_signed_also_while_retention_goes_on(tmp_path: Path) -> None:
    now = timezone.now()
    fill(3)
    assert make_checkpoint(every_s=60, now=now)
    fill(1)
    # The mark of retention is the youngest of all, as it is where something is removed each minute.
    AuditCheckpoint.objects.create(
        kind="base", seq=1, hash="0" * 64, at=now + timedelta(seconds=60), key_id="k", signature="s"
    )
    assert make_checkpoint(every_s=60, now=now + timedelta(seconds=61))


def test_what_was_not_copied_yet_is_copied(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        fill(2)
        make_checkpoint(now=timezone.now())
    assert copy_checkpoints(folder=tmp_path) == 2
    assert copy_checkpoints(folder=tmp_path) == 0
    assert [mark.link.seq for mark in read_marks(tmp_path)] == [2, 4]
    assert caplog.text.count("audit_checkpoint") == 2
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_retention_goes_through_its_door_and_the_rest_is_whole(tmp_path: Path) -> None:
    assert missing_guards(connection) == frozenset()
    fill(10)
    sign(tmp_path)
    record("case.decided", object_type="case", object_id="cas_1", personal="ada@example.com")
    link_entries()
    now = timezone.now()
    assert prune_entries(older_than_days=0, now=now + YEARS) == 0
    assert prune_entries(older_than_days=1095, now=now) == 0
    assert prune_entries(older_than_days=1095, now=now + YEARS) == 10
    assert AuditHead.objects.get().base_seq == 10
    link_entries()
    assert [(entry.seq, entry.verb) for entry in AuditEntry.objects.order_by("seq")] == [
        (11, "case.decided"),
        (12, "audit.pruned"),
    ]
    assert AuditEntry.objects.get(seq=12).data == {"entries": 10, "through": 10}
    verdict = verify(tmp_path)
    assert (verdict.findings, verdict.count) == ([], 2)
    fill(3)
    sign(tmp_path)
    assert verify(tmp_path).is_whole


def test_retention_leaves_one_mark_a_day_not_one_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    began = timezone.now()
    hours = [began + timedelta(hours=hour) for hour in range(30)]
    with monkeypatch.context() as patched:
        for hour in hours:
            patched.setattr("videos.audit.services.timezone", SimpleNamespace(now=lambda hour=hour: hour))
            fill(1)
    over = timedelta(days=1095)
    removed = [prune_entries(older_than_days=1095, now=hour + over) for hour in hours]
    assert [count for count in removed if count] == [25], "those of a day, a day after the first was over"
    assert AuditCheckpoint.objects.filter(kind="base").count() == 1


def test_retention_goes_on_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PRUNED_AT_ONCE", 4)
    fill(10)
    now = timezone.now() + YEARS
    assert [prune_entries(older_than_days=1095, now=now) for _ in range(3)] == [4, 4, 1]
    link_entries()
    assert verify(tmp_path).is_whole


def test_what_is_personal_goes_alone(tmp_path: Path) -> None:
    record("case.decided", object_type="case", object_id="cas_1", personal="ada@example.com")
    link_entries()
    sign(tmp_path)
    assert erase_personal() == 0
    assert erase_personal(now=timezone.now() + timedelta(days=366)) == 1
    assert not AuditPersonal.objects.exists()
    assert verify(tmp_path).is_whole
