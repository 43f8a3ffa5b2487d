from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from tests.videos.audit.chains import fill, run, sign
from videos.audit import checking
from videos.audit.checkpoints import prune_entries, witness_folder
from videos.audit.models import AuditCheck, AuditCheckpoint, AuditEntry, AuditPersonal
from videos.audit.schedule import AuditSchedule
from videos.audit.services import record
from videos.audit.verifying import Verdict
from videos.audit.witness import read_marks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("attacked")]


def turns(schedule: AuditSchedule, *, now: datetime, count: int = 2) -> None:
    for _ in range(count):
        schedule.sweep(now=now)


def test_a_turn_links_signs_and_verifies(settings: Any) -> None:
    record("case.decided", object_type="case", object_id="cas_1")
    schedule, now = AuditSchedule(settings.GILFOYLE), timezone.now()
    turns(schedule, now=now)
    assert AuditEntry.objects.get().seq == 1
    assert [mark.link.seq for mark in read_marks(witness_folder(settings.GILFOYLE))] == [1]
    check = AuditCheck.objects.get()
    assert (check.verified_at, check.verified_seq, check.findings) == (now, 1, 0)


def test_checkpoints_keep_their_interval(settings: Any) -> None:
    schedule, now = AuditSchedule(settings.GILFOYLE), timezone.now()
    for number in range(4):
        fill(1)
        schedule.sweep(now=now + number * timedelta(seconds=100))
    assert [row.seq for row in AuditCheckpoint.objects.order_by("id")] == [1, 4]


def test_it_verifies_once_a_day_and_says_what_it_finds(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    schedule, now = AuditSchedule(settings.GILFOYLE), timezone.now()
    fill(3)
    turns(schedule, now=now)
    run("DELETE FROM videos_auditentry WHERE seq = 2")
    turns(schedule, now=now + timedelta(hours=23))
    assert AuditCheck.objects.get().findings == 0
    turns(schedule, now=now + timedelta(hours=25))
    assert AuditCheck.objects.get().first_finding == "Entry 2 is missing."
    assert "audit_not_whole" in caplog.text


def test_what_is_over_goes(settings: Any) -> None:
    fill(3)
    record("case.decided", object_type="case", object_id="cas_1", personal="ada@example.com")
    later = timezone.now() + timedelta(days=settings.GILFOYLE.privacy.audit_personal_retention_days + 1)
    turns(AuditSchedule(settings.GILFOYLE), now=later)
    assert not AuditPersonal.objects.exists()
    assert AuditEntry.objects.count() == 4
    turns(
        AuditSchedule(settings.GILFOYLE),
        now=later + timedelta(days=settings.GILFOYLE.safety.audit_retention_days),
    )
    assert AuditEntry.objects.filter(seq__lte=3).count() == 0
    assert AuditCheck.objects.get().findings == 0


def test_it_looks_at_a_page_a_turn(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PAGE", 2)
    schedule, now = AuditSchedule(settings.GILFOYLE), timezone.now()
    fill(6)
    turns(schedule, now=now, count=3)
    assert not AuditCheck.objects.exists()
    turns(schedule, now=now, count=1)
    assert AuditCheck.objects.get().verified_seq == 6


def test_a_pass_that_breaks_begins_anew(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule, now = AuditSchedule(settings.GILFOYLE), timezone.now()
    fill(1)

    def broken(*_args: Any, **_kwargs: Any) -> Iterator[tuple[int, int]]:
        raise DatabaseError
        yield

    with monkeypatch.context() as patched:
        patched.setattr("videos.audit.schedule.verify_in_pages", broken)
        with pytest.raises(DatabaseError):
            schedule.sweep(now=now)
    turns(schedule, now=now)
    assert AuditCheck.objects.get().verified_seq == 1


def test_each_part_of_a_turn_stands_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_options: Any) -> None:
        raise DatabaseError

    record("case.decided", object_type="case", object_id="cas_1", personal="ada@example.com")
    later = timezone.now() + timedelta(days=settings.GILFOYLE.privacy.audit_personal_retention_days + 1)
    monkeypatch.setattr("videos.audit.schedule.keep_checkpoints", broken)
    with pytest.raises(DatabaseError):
        AuditSchedule(settings.GILFOYLE).sweep(now=later)
    assert not AuditPersonal.objects.exists()
    assert AuditEntry.objects.get().seq == 1
    assert "audit_part_failed" in caplog.text


def ended(pages: Generator[Any, None, Verdict]) -> Verdict:
    while True:
        try:
            next(pages)
        except StopIteration as stopped:
            verdict: Verdict = stopped.value
            return verdict


def test_what_retention_removes_meanwhile_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PAGE", 2)
    fill(8)
    pages = checking.verify_in_pages(folder=None)
    next(pages)
    later = timezone.now() + timedelta(days=2000)
    assert prune_entries(older_than_days=1095, now=later) == 7
    assert ended(pages).findings == []
    run("DELETE FROM videos_auditentry WHERE seq = 8")
    assert not checking.verify_chain(folder=None).is_whole


def test_nor_is_what_it_removes_up_to_behind_the_end_that_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checking, "PAGE", 2)
    fill(4)
    sign(tmp_path)
    pages = checking.verify_in_pages(folder=tmp_path)
    next(pages)
    fill(4)
    assert prune_entries(older_than_days=1095, now=timezone.now() + timedelta(days=2000)) == 7
    assert ended(pages).findings == []
