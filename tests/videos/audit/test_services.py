from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from videos.audit import services
from videos.audit.actors import Actor, acting_as
from videos.audit.chain import GENESIS, ChainCheck
from videos.audit.models import AuditEntry, AuditHead, AuditPersonal
from videos.audit.services import link_entries, record


def note(verb: str = "case.decided", **more: object) -> AuditEntry:
    with transaction.atomic():
        return record(verb, **{"object_type": "case", "object_id": "cas_1", **more})  # type: ignore[arg-type]


def note_and_fail() -> None:
    note("case.closed")
    raise KeyError


@pytest.mark.django_db(transaction=True)
def test_entries_are_linked_when_they_are_committed() -> None:
    note(project_id="p1", data={"level": "held", "n": 3})
    note("case.closed", actor=Actor("staff", "7"))
    first, second = AuditEntry.objects.order_by("seq")
    assert (first.seq, first.prev_hash, first.actor_kind, first.data) == (
        1,
        GENESIS,
        "system",
        {"level": "held", "n": 3},
    )
    assert (second.seq, second.prev_hash, second.actor_kind, second.actor_id) == (2, first.hash, "staff", "7")
    head = AuditHead.objects.get()
    assert (head.seq, head.hash) == (2, second.hash)
    check = ChainCheck()
    assert [finding for entry in (first, second) for finding in check.take(entry.in_chain)] == []


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_leaves_neither_entry_nor_hole() -> None:
    note()
    with pytest.raises(KeyError), transaction.atomic():
        note_and_fail()
    note()
    assert [entry.seq for entry in AuditEntry.objects.order_by("seq")] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_part_that_is_undone_takes_its_entry_along() -> None:
    with transaction.atomic():
        record("case.decided", object_type="case", object_id="cas_1")
        with pytest.raises(KeyError), transaction.atomic():
            note_and_fail()
    assert [(entry.seq, entry.verb) for entry in AuditEntry.objects.all()] == [(1, "case.decided")]


@pytest.mark.django_db(transaction=True)
def test_it_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match=r"case\.decided must be recorded inside the transaction"):
        record("case.decided", object_type="case", object_id="cas_1")


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["decided", "Case.decided", "case.decided now", "", "case."])
def test_a_verb_has_its_form(verb: str) -> None:
    with pytest.raises(ValueError, match="is no verb"):
        note(verb)


@pytest.mark.django_db
def test_data_is_bounded_and_plain() -> None:
    with pytest.raises(ValueError, match="at most 16384"):
        note(data={"text": "x" * 16_384})
    for thing in (object(), float("inf"), float("nan")):
        with pytest.raises(ValueError, match="can't hold"):
            note(data={"thing": thing})


@pytest.mark.django_db(transaction=True)
def test_any_text_can_be_held() -> None:
    data = {"text": "a\0b\ud800c", "large": 2**60, "float": 1e22, "nested": {"list": (1, None, True)}}
    note(data=data)
    entry = AuditEntry.objects.get()
    assert entry.data == {
        "text": "a\0b?c",
        "large": str(2**60),
        "float": "1e+22",
        "nested": {"list": [1, None, True]},
    }
    assert ChainCheck().take(entry.in_chain) == []


@pytest.mark.django_db(transaction=True)
def test_whoever_acts_is_named() -> None:
    with acting_as(Actor("api_key", "key_1")):
        note()
    assert AuditEntry.objects.get().actor_id == "key_1"


@pytest.mark.django_db(transaction=True)
def test_of_what_is_personal_the_chain_has_a_commitment_alone() -> None:
    note(personal="ada@example.com")
    entry = AuditEntry.objects.get()
    kept = AuditPersonal.objects.get(entry=entry)
    assert len(entry.personal_commitment) == 64
    assert b"ada" not in bytes(kept.sealed) + bytes(kept.salt)
    kept.delete()
    assert ChainCheck().take(AuditEntry.objects.get().in_chain) == []


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_linked_is_linked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_behind: int) -> tuple[int, int | None]:
        message = "database is locked"
        raise DatabaseError(message)

    with monkeypatch.context() as patched:
        patched.setattr(services, "_link_some", refuse)
        note()
        note()
    assert [entry.seq for entry in AuditEntry.objects.all()] == [None, None]
    assert link_entries() == 2
    assert link_entries() == 0
    assert [entry.seq for entry in AuditEntry.objects.order_by("id")] == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_more_than_are_linked_at_once_are_linked_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LINKED_AT_ONCE", 2)
    with transaction.atomic():
        for _ in range(5):
            record("case.decided", object_type="case", object_id="cas_1")
    assert sorted(entry.seq or 0 for entry in AuditEntry.objects.all()) == [1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_was_slipped_in_is_linked_without_a_seal() -> None:
    genuine = note()
    forged = AuditEntry(**{**_values(genuine), "verb": "case.closed", "seal": "f" * 64})
    forged.save()
    link_entries()
    forged.refresh_from_db()
    assert (forged.seq, forged.seal) == (2, "f" * 64)


def _values(entry: AuditEntry) -> dict[str, object]:
    names = ("at", "actor_kind", "actor_id", "object_type", "object_id", "project_id", "data")
    return {name: getattr(entry, name) for name in names}


@pytest.mark.django_db(transaction=True)
def test_a_lost_head_goes_on_from_the_last_entry(no_guards: None) -> None:
    note()
    AuditHead.objects.all().delete()
    note()
    assert sorted(entry.seq or 0 for entry in AuditEntry.objects.all()) == [1, 2]
