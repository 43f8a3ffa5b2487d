from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from videos.audit.chain import (
    DEEPEST,
    GENESIS,
    LARGEST_INTEGER,
    START,
    ChainCheck,
    Content,
    Entry,
    Link,
    canonical,
    clean_data,
    commit,
    in_words,
    link,
)

AT = datetime(2026, 11, 29, 12, 0, 0, 5, tzinfo=UTC)
CONTENT = Content(AT, "staff", "7", "case.decided", "case", "cas_1", "p1", {"level": "held"}, "")
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + depth_of(one) for one in inner), default=0)


def chain_of(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        last = Link(entries[-1].seq, entries[-1].hash) if entries else START
        entries.append(link(replace(CONTENT, object_id=f"cas_{number}"), last))
    return entries


def kinds(entries: list[Entry], base: Link = START) -> list[tuple[str, int]]:
    check = ChainCheck(base)
    return [(finding.kind, finding.seq) for entry in entries for finding in check.take(entry)]


# The test data of RFC 8785, appendix B, and the example of section 3.2.3.
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (999999999999999900000.0, "999999999999999900000"),
        (1e-7, "1e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
    ],
)
def test_numbers_are_written_as_the_standard_says(value: float, text: str) -> None:
    assert canonical(value).decode() == text


def test_names_are_sorted_as_the_standard_says() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical(dict.fromkeys(names)))) == [
        "\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33",
    ]  # fmt: skip


@given(VALUES)
@example({"a": 1e22, "b": -0.0, "c": 2**53})
@example("\ud800")
def test_what_is_kept_is_read_back_the_same(value: Any) -> None:
    if depth_of(value) > DEEPEST:
        with pytest.raises(ValueError, match="nested more"):
            clean_data(value)
        return
    once = canonical(clean_data(value))
    # Through any store of text, any reader of JSON, and any order of names: the same bytes.
    assert canonical(json.loads(once)) == once
    assert canonical(json.loads(json.dumps(json.loads(once)))) == once


@given(st.integers())
@example(10**400)
def test_no_digit_of_a_number_is_lost(number: int) -> None:
    assert int(clean_data(number)) == number
    assert isinstance(clean_data(number), str) == (abs(number) > LARGEST_INTEGER)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {"deep": [{1, "a"}, b""]}])
def test_what_json_can_not_hold_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        clean_data(value)


def test_moments_are_written_one_way() -> None:
    assert in_words(AT) == "2026-11-29T12:00:00.000005Z"
    assert in_words(AT.astimezone(timezone(timedelta(hours=2)))) == in_words(AT)


def test_the_first_entry_follows_nothing() -> None:
    first = link(CONTENT, START)
    assert (first.seq, first.prev_hash) == (1, GENESIS)
    # What other programs have to find, too; docs/audit.md tells how.
    assert first.hash == "b2bf70f8423d14f16e34cc62c6215330f9cc4abc30f99e9bd888d61653348fc5"


def test_a_whole_chain_has_no_findings() -> None:
    assert kinds(chain_of(5)) == []
    entries = chain_of(5)
    assert kinds(entries[2:], Link(2, entries[1].hash)) == []


CHANGES: list[dict[str, Any]] = [
    {"at": AT + timedelta(microseconds=1)},
    {"actor_kind": "system"},
    {"actor_id": "8"},
    {"verb": "case.closed"},
    {"object_type": "video"},
    {"object_id": "cas_9"},
    {"project_id": "p2"},
    {"data": {}},
    {"data": {"level": float("nan")}},
    {"data": ["level"]},
    {"personal_commitment": "c"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_each_edit_is_found_where_it_is(change: dict[str, Any]) -> None:
    entries = chain_of(5)
    entries[2] = replace(entries[2], content=replace(entries[2].content, **change))
    assert kinds(entries) == [("edited", 3)]


def test_an_edit_with_its_hash_is_found_at_the_next() -> None:
    entries = chain_of(5)
    entries[2] = link(replace(CONTENT, verb="case.closed"), Link(2, entries[1].hash))
    assert kinds(entries) == [("inserted", 4)]


def test_what_is_missing_is_counted() -> None:
    entries = chain_of(6)
    assert kinds(entries[1:]) == [("missing", 1)]
    assert kinds([*entries[:2], *entries[4:]]) == [("missing", 3)]
    check = ChainCheck()
    messages = [one.message for entry in [entries[0], entries[3]] for one in check.take(entry)]
    assert messages == ["Entries 2 to 3 are missing."]


def test_an_exchange_is_found() -> None:
    entries = chain_of(5)
    assert kinds([entries[0], entries[2], entries[1], *entries[3:]]) == [
        ("missing", 2),
        ("misplaced", 2),
        ("inserted", 4),
    ]
    one, other = entries[1], entries[2]
    exchanged = [replace(one, content=other.content), replace(other, content=one.content)]
    assert kinds([entries[0], *exchanged, *entries[3:]]) == [("edited", 2), ("edited", 3)]


def test_an_entry_put_between_is_found() -> None:
    entries = chain_of(4)
    forged = link(replace(CONTENT, verb="case.closed"), Link(2, entries[1].hash))
    assert kinds([*entries[:2], forged, *entries[2:]]) == [("misplaced", 3)]


def test_what_is_no_hash_is_no_trouble() -> None:
    entries = chain_of(2)
    assert kinds([replace(entries[0], prev_hash="no hash"), entries[1]]) == [("inserted", 1), ("edited", 1)]


@given(st.text(), st.binary(min_size=32, max_size=32))
def test_a_commitment_tells_nothing_without_its_salt(value: str, salt: bytes) -> None:
    assert commit(value, salt) == commit(value, salt)
    assert commit(value, salt) != commit(value, bytes(one ^ 1 for one in salt))
    assert commit(value, salt) != commit(value + "x", salt)
