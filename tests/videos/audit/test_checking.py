# ruff: noqa: S608, S311 - an attacker writes any SQL, and the same one each time
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.lengths import length
from tests.videos.audit.chains import fill, run, sign, verify
from videos.audit import chain, services
from videos.audit.chain import Link
from videos.audit.checking import keep_verdict, verify_chain
from videos.audit.checkpoints import prune_entries
from videos.audit.models import AuditCheck, AuditEntry, AuditHead
from videos.audit.services import link_entries, record
from videos.audit.signing import AuditKeys
from videos.audit.witness import FILE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("attacked")]
ROW = "videos_auditentry"
COLUMNS = (
    "at", "actor_kind", "actor_id", "verb", "object_type", "object_id", "project_id", "data", "personal_commitment",
    "prev_hash", "hash", "seal",
)  # fmt: skip


def kinds(folder: Path) -> set[str]:
    return {finding.kind for finding in verify(folder).findings}


def test_a_whole_chain_is_whole(tmp_path: Path) -> None:
    fill(25)
    sign(tmp_path)
    fill(5)
    seen: list[tuple[int, int]] = []
    verdict = verify_chain(folder=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert (verdict.is_whole, verdict.count, verdict.up_to) == (True, 30, 30)
    assert seen[-1] == (30, 30)


def test_no_chain_is_whole_too(tmp_path: Path) -> None:
    assert verify(tmp_path).is_whole


@dataclass
class Attack:
    """Somebody who may write to the database as they like, but does not know the secret."""

    random: random.Random

    def choose(self) -> AuditEntry:
        return AuditEntry.objects.get(seq=self.random.randint(1, COUNT))

    def edit(self) -> str:
        entry, column = self.choose(), self.random.choice(COLUMNS)
        value: Any = (
            "other" if column != "at" else entry.at + timedelta(microseconds=self.random.choice((-1, 1)))
        )
        value = '{"number":-1}' if column == "data" else value
        run(f"UPDATE {ROW} SET {column} = %s WHERE seq = %s", value, entry.seq)
        return f"{column} of {entry.seq}"

    def delete(self) -> str:
        entry = self.choose()
        run(f"DELETE FROM {ROW} WHERE seq = %s", entry.seq)
        return f"{entry.seq}"

    def insert(self) -> str:
        """Behind a place whose followers all move up by one, with right hashes as far as they can be made."""
        entry = self.choose()
        forged = AuditEntry(**{name: getattr(entry, name) for name in COLUMNS})
        self._move(entry.seq or 0, by=1)
        linked = chain.link(forged.content, Link(entry.seq or 0, entry.hash))
        forged.seq, forged.prev_hash, forged.hash = linked.seq, linked.prev_hash, linked.hash
        forged.save()
        self._mend(linked.seq)
        return f"behind {entry.seq}"

    def reorder(self) -> str:
        one, other = sorted(self.random.sample(range(1, COUNT + 1), 2))
        run(f"UPDATE {ROW} SET seq = -1 WHERE seq = %s", one)
        run(f"UPDATE {ROW} SET seq = %s WHERE seq = %s", one, other)
        run(f"UPDATE {ROW} SET seq = %s WHERE seq = -1", other)
        if self.random.random() < 0.5:
            self._mend(one - 1)
        return f"{one} and {other}"

    def truncate(self) -> str:
        """Cut off the end, and make the head say so."""
        last = self.random.randint(0, COUNT - 1)
        entry = AuditEntry.objects.filter(seq=last).first()
        run(f"DELETE FROM {ROW} WHERE seq > %s", last)
        run("UPDATE videos_audithead SET seq = %s, hash = %s", last, entry.hash if entry else chain.GENESIS)
        if self.random.random() < 0.5:
            run("DELETE FROM videos_auditcheckpoint WHERE seq > %s", last)
        return f"behind {last}"

    def behead(self) -> str:
        """Cut off the beginning, as retention would, but without its signature."""
        first = self.random.randint(1, COUNT - 1)
        run(f"DELETE FROM {ROW} WHERE seq <= %s", first)
        run("UPDATE videos_audithead SET base_seq = %s", first)
        if self.random.random() < 0.5:
            run("UPDATE videos_auditcheckpoint SET kind = 'base', seq = %s WHERE seq = %s", first, COUNT)
        return f"up to {first}"

    def _move(self, behind: int, *, by: int) -> None:
        run(f"UPDATE {ROW} SET seq = -(seq + %s) WHERE seq > %s", by, behind)
        run(f"UPDATE {ROW} SET seq = -seq WHERE seq < 0")

    def _mend(self, behind: int) -> None:
        """Make all hashes right again from a place on, the head's too."""
        before = AuditEntry.objects.filter(seq=behind).first()
        last = Link(behind, before.hash) if before else chain.START
        entries = list(AuditEntry.objects.filter(seq__gt=behind).order_by("seq"))
        for entry in entries:
            linked = chain.link(entry.content, last)
            last = Link(linked.seq, linked.hash)
            entry.prev_hash, entry.hash = linked.prev_hash, linked.hash
        AuditEntry.objects.bulk_update(entries, ["prev_hash", "hash"])
        run("UPDATE videos_audithead SET seq = %s, hash = %s", last.seq, last.hash)


COUNT = 200
TRIES = length(60, 1000)  # test_verifying.py tries as often without a database


@pytest.mark.long
def test_whatever_is_tampered_with_is_found(tmp_path: Path) -> None:
    fill(COUNT)
    sign(tmp_path)
    assert verify(tmp_path).is_whole
    chosen = random.Random(20261129)
    attack = Attack(chosen)
    ways: list[Callable[[], str]] = [
        attack.edit, attack.delete, attack.insert, attack.reorder, attack.truncate, attack.behead,
    ]  # fmt: skip
    missed = []
    for _ in range(TRIES):
        way = chosen.choice(ways)
        with transaction.atomic():
            what = way()
            if verify(tmp_path).is_whole:
                missed.append(f"{way.__name__} {what}")
            transaction.set_rollback(True)
    assert missed == []
    assert verify(tmp_path).is_whole  # each try was undone


def test_an_entry_that_is_slipped_in_at_the_end_is_found(tmp_path: Path) -> None:
    fill(3)
    last = AuditEntry.objects.get(seq=3)
    forged = AuditEntry(**{name: getattr(last, name) for name in COLUMNS}, seq=None)
    forged.seal = AuditKeys(b"another secret, of another installation").seal_content(forged.content)
    forged.save()
    assert kinds(tmp_path) == {"unsealed"}
    link_entries()
    assert kinds(tmp_path) == {"unsealed"}


def test_an_entry_that_json_cannot_hold_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "LINKED_AT_ONCE", 2)
    fill(1)
    last = AuditEntry.objects.get()
    for text in ('{"n":1e999}', '{"n":NaN}', '{"n":[-1e999]}', "7"):
        forged = AuditEntry(**{name: getattr(last, name) for name in COLUMNS}, seq=None)
        forged.save()
        run(f"UPDATE {ROW} SET data = %s WHERE id = %s", text, forged.pk)
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:  # which keeps whatever it is given as a time
        run(f"UPDATE {ROW} SET at = 'never' WHERE id = %s", forged.pk)
    assert kinds(tmp_path) == {"unsealed"}
    fill(3)
    assert AuditEntry.objects.filter(seq=None).count() == is_sqlite
    verdict = verify(tmp_path)
    assert ({one.kind for one in verdict.findings}, verdict.found) == ({"unsealed"}, 4)
    assert verdict.up_to == AuditHead.objects.get().seq == 8 - is_sqlite


IMPOSSIBLE = "infinity" if connection.vendor == "postgresql" else "2026-13-45 00:00:00"


def test_an_entry_of_an_impossible_time_holds_up_nobody(tmp_path: Path) -> None:
    fill(1)
    last = AuditEntry.objects.get()
    forged = AuditEntry(**{name: getattr(last, name) for name in COLUMNS}, seq=None)
    forged.save()
    run(f"UPDATE {ROW} SET at = %s WHERE id = %s", IMPOSSIBLE, forged.pk)
    fill(3)
    assert AuditHead.objects.get().seq == 4
    verdict = verify(tmp_path)
    assert [(one.kind, one.seq) for one in verdict.findings] == [("unsealed", 5)]
    assert "no time" in verdict.findings[0].message
    # Nor where somebody has written it over one that has its place.
    run(f"UPDATE {ROW} SET at = %s WHERE seq = 2", IMPOSSIBLE)
    assert [(one.kind, one.seq) for one in verify(tmp_path).findings] == [("edited", 2), ("unsealed", 5)]
    assert prune_entries(older_than_days=1095, now=timezone.now() + timedelta(days=5000)) == 3


def test_a_busy_server_is_no_end_that_was_cut_off(tmp_path: Path) -> None:
    """Before each look at where the chain ends something is recorded, linked and signed in both places."""
    fill(2)
    sign(tmp_path)
    looks: list[str] = []
    is_adding = False

    def add_first(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal is_adding
        if 'FROM "videos_audithead"' in sql and not is_adding:
            is_adding = True
            fill(1)
            sign(tmp_path)
            is_adding = False
            looks.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(add_first):
        verdict = verify(tmp_path)
    assert len(looks) >= 2
    assert verdict.findings == []
    assert verdict.up_to == 3, "what was there when it looked where the chain ends"
    assert AuditHead.objects.get().seq == 2 + len(looks)


def test_what_was_cut_off_since_the_last_signature_is_not_found(tmp_path: Path) -> None:
    """As docs/audit.md says: this is what the interval of checkpoints is about."""
    fill(3)
    sign(tmp_path)
    fill(3)
    run(f"DELETE FROM {ROW} WHERE seq > 3")
    assert kinds(tmp_path) == {"truncated"}  # by the head, which a simpler attacker forgets
    run("UPDATE videos_audithead SET seq = 3, hash = %s", AuditEntry.objects.get(seq=3).hash)
    assert kinds(tmp_path) == set()


def test_a_lost_head_is_found(tmp_path: Path) -> None:
    fill(3)
    run("DELETE FROM videos_audithead")
    assert kinds(tmp_path) == {"truncated"}


def test_a_second_copy_that_is_gone_or_short_is_found(tmp_path: Path) -> None:
    fill(3)
    sign(tmp_path)
    fill(3)
    sign(tmp_path)
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(lines[0])
    later = timezone.now() + timedelta(minutes=2)
    assert [one.kind for one in verify_chain(folder=tmp_path, now=later).findings] == ["witness"]
    (tmp_path / FILE).write_bytes(b"no line of ours\n" + lines[1])
    assert "witness" in kinds(tmp_path)
    (tmp_path / FILE).unlink()
    assert kinds(tmp_path) == {"witness"}
    assert verify_chain(folder=None).is_whole


def test_signatures_of_another_key_count_for_nothing(tmp_path: Path, settings: Any) -> None:
    fill(3)
    sign(tmp_path)
    settings.GILFOYLE_ROOT_SECRET = b"another secret, of another installation"
    assert {"checkpoint", "witness", "unsealed"} <= kinds(tmp_path)


def test_entries_that_nobody_links_are_found(tmp_path: Path) -> None:
    record("case.decided", object_type="case", object_id="cas_1")
    assert verify(tmp_path).is_whole  # it is only just there
    later = timezone.now() + timedelta(minutes=2)
    assert [one.kind for one in verify_chain(folder=tmp_path, now=later).findings] == ["unlinked"]


def test_missing_guards_are_noted(tmp_path: Path) -> None:
    [note] = verify(tmp_path).notes
    assert note.startswith("The database does not guard the entries: it lacks audit_checkpoint_kept, ")


def test_what_was_found_is_remembered(tmp_path: Path) -> None:
    fill(3)
    run(f"DELETE FROM {ROW} WHERE seq = 2")
    now = timezone.now()
    keep_verdict(verify(tmp_path), now=now)
    keep_verdict(verify(tmp_path), now=now)
    kept = AuditCheck.objects.get()
    assert (kept.verified_at, kept.verified_seq, kept.findings) == (now, 3, 1)
    assert kept.first_finding == "Entry 2 is missing."
    assert AuditHead.objects.get().seq == 3
