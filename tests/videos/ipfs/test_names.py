"""A pin always has a name or an entry in the journal, whoever does what at once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from gilfoyle.lib.ipfs_names import NamedObject
from gilfoyle.lib.storage_faults import StorageFault
from tests.threads import run_at_once
from videos.ipfs import names as names_module
from videos.ipfs.models import IpfsObject, IpfsPin
from videos.ipfs.names import Names

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = Names()
LATER = timedelta(hours=1)


def named(name: str, cid: str = "cid") -> NamedObject:
    return NamedObject(name, cid, 7, f"{name} {cid}".encode())


def give(name: str, cid: str = "cid", *, is_final: bool = False) -> object:
    NAMES.note_pin(cid)
    return NAMES.give_name(named(name, cid), is_final=is_final)


def journal() -> dict[str, bool]:
    return dict(IpfsPin.objects.values_list("pk", "is_leaving"))


def test_a_name_takes_its_pin_out_of_the_journal() -> None:
    NAMES.note_pin("cid")
    assert journal() == {"cid": False}
    assert NAMES.find("one") is None
    assert NAMES.give_name(named("one"), is_final=False) == (True, ())
    assert NAMES.find("one") == named("one")
    assert journal() == {}


def test_what_loses_its_name_is_in_the_journal() -> None:
    give("one")
    assert give("one", "new") == (True, ["cid"])
    assert NAMES.find("one") == named("one", "new")
    assert give("one", "late", is_final=True) == (False, ("late",))
    assert NAMES.remove(["one"]) == ["new"]
    assert NAMES.remove(["one"]) == []
    assert journal() == {"cid": True, "late": True, "new": True}
    for cid in ("cid", "late", "new"):
        NAMES.forget_pin(cid)
    assert journal() == {}


def test_a_pin_that_is_not_noted_gets_no_name() -> None:
    NAMES.note_pin("cid")
    assert NAMES.claim_unnamed(noted_before=timezone.now() + LATER) == ["cid"]
    for cid in ("cid", "never"):
        with pytest.raises(StorageFault):
            NAMES.give_name(named("one", cid), is_final=False)
    assert journal() == {"cid": True}


def test_the_sweep_leaves_what_is_being_made_and_takes_what_is_leaving() -> None:
    NAMES.note_pin("making")
    give("one", "gone")
    NAMES.remove(["one"])
    assert NAMES.claim_unnamed(noted_before=timezone.now() - LATER) == ["gone"]
    NAMES.forget_pin("making")  # only what was claimed
    assert journal() == {"making": False, "gone": True}


def test_a_second_name_is_of_what_is_still_there() -> None:
    give("one")
    assert NAMES.copy(named("two"), of="one")
    assert NAMES.copy(named("two"), of="one")
    assert not NAMES.copy(named("three", "other"), of="one")
    assert not NAMES.copy(named("three"), of="none")
    assert NAMES.remove(["one"]) == []
    assert NAMES.remove(["two"]) == ["cid"]


def test_a_folder_is_taken_away_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "AT_ONCE", 2)
    for number in range(5):
        give(f"a/{number}", str(number))
    give("a_/1", "kept")
    gone: list[str] = []
    while NAMES.has_below("a"):
        gone += NAMES.remove_below("a")
    assert sorted(gone) == list("01234")
    assert list(IpfsObject.objects.values_list("pk", flat=True)) == ["a_/1"]


def test_what_is_there_is_listed_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "AT_ONCE", 2)
    for name in ("a/1", "a/b/2", "a/3", "a_/4", "c"):
        give(name, name.replace("/", "-"))
    assert [(name, size) for name, size, _ in NAMES.list_below("a")] == [("a/1", 7), ("a/3", 7), ("a/b/2", 7)]
    assert sorted(name for name, _, _ in NAMES.list_below("")) == ["a/1", "a/3", "a/b/2", "a_/4", "c"]
    assert all(abs(stored_at - timezone.now()) < LATER for _, _, stored_at in NAMES.list_below(""))


def test_of_two_that_take_the_last_names_away_one_unpins() -> None:
    for turn in range(5):
        cid = f"cid{turn}"
        give("one", cid)
        assert NAMES.copy(named("two", cid), of="one")
        told = run_at_once([lambda: NAMES.remove(["one"]), lambda: NAMES.remove(["two"])])
        assert sorted(map(len, told)) == [0, 1]


def test_a_name_that_is_given_and_one_that_is_taken_agree_about_the_pin() -> None:
    for turn in range(5):
        cid = f"cid{turn}"
        give("one", cid)
        is_given, gone = run_at_once(
            [partial(NAMES.copy, named(f"copy-{cid}", cid), of="one"), partial(NAMES.remove, ["one"])]
        )
        assert bool(gone) is not is_given


def test_a_folder_is_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        query, given = names_module._below("renditions/p/v/r").query.sql_with_params()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{query}", given)
        plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
    assert connection.vendor != "sqlite" or "USING INDEX" in plan, plan
