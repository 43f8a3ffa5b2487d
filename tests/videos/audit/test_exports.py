from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.audit.test_chain import AT, CONTENT, chain_of
from videos.audit.chain import START, Entry, Link, in_words, link
from videos.audit.exports import (
    Checked,
    ExportUnreadable,
    Selection,
    check_export,
    describe_entry,
    parse_entry,
    write_export,
)
from videos.audit.signing import AuditKeys, Mark

KEYS, OTHERS = AuditKeys(b"s" * 48), AuditKeys(b"t" * 48)
CHAIN = chain_of(6)
WHOLE = Selection(START)
NOW = in_words(AT)


def written(lines: list[Entry | Mark], selection: Selection = WHOLE, keys: AuditKeys = KEYS) -> bytes:
    file = BytesIO()
    write_export(file, lines, selection=selection, keys=keys, at=NOW)
    return file.getvalue()


def checked(data: bytes, public_key: str = "") -> Checked:
    return check_export(BytesIO(data), public_key=public_key)


def kinds(data: bytes, public_key: str = "") -> list[str]:
    return [finding.kind for finding in checked(data, public_key).verdict.findings]


def with_mark() -> list[Entry | Mark]:
    mark = KEYS.sign("checkpoint", Link(3, CHAIN[2].hash), NOW)
    return [*CHAIN[:3], mark, *CHAIN[3:]]


def test_an_export_is_checked_without_anything_else() -> None:
    read = checked(written(with_mark()))
    assert (read.verdict.is_whole, read.verdict.count, read.at) == (True, 6, NOW)
    assert read.public_key == KEYS.public_key
    assert kinds(written(with_mark()), KEYS.public_key) == []


def test_an_export_of_nothing_is_whole() -> None:
    assert checked(written([])).verdict.is_whole


def test_it_may_begin_anywhere() -> None:
    selection = Selection(Link(2, CHAIN[1].hash), since=NOW)
    read = checked(written(list(CHAIN[2:]), selection))
    assert (read.verdict.is_whole, read.selection) == (True, selection)
    assert "missing" in kinds(written(list(CHAIN[3:]), selection))


def test_of_a_project_there_may_be_others_between() -> None:
    selection = Selection(START, project_id="p1")
    assert kinds(written([CHAIN[0], CHAIN[3], CHAIN[5]], selection)) == []
    assert kinds(written([CHAIN[3], CHAIN[0]], selection)) == ["misplaced"]
    forged = replace(CHAIN[3], content=replace(CONTENT, verb="case.closed"))
    assert kinds(written([CHAIN[0], forged], selection)) == ["edited"]


def test_another_key_is_not_ours() -> None:
    assert kinds(written(list(CHAIN), keys=OTHERS), KEYS.public_key) == ["edited"]
    assert kinds(written(list(CHAIN), keys=OTHERS)) == []  # by the key that it names itself


@given(st.data())
def test_any_change_is_found(data: st.DataObject) -> None:
    lines = written(with_mark()).splitlines(keepends=True)
    way = data.draw(st.sampled_from(("drop", "double", "swap", "cut", "flip")))
    at = data.draw(st.integers(0, len(lines) - 1))
    if way == "drop":
        del lines[at]
    elif way == "double":
        lines.insert(at, lines[at])
    elif way == "swap":
        other = (at + data.draw(st.integers(1, len(lines) - 1))) % len(lines)
        lines[at], lines[other] = lines[other], lines[at]
    changed = b"".join(lines)
    if way == "cut":
        changed = changed[: data.draw(st.integers(0, len(changed) - 2))]
    elif way == "flip":
        where = data.draw(st.integers(0, len(changed) - 2))
        changed = (
            changed[:where] + bytes([changed[where] ^ data.draw(st.integers(1, 255))]) + changed[where + 1 :]
        )
    try:
        assert not checked(changed, KEYS.public_key).verdict.is_whole
    except ExportUnreadable as damage:
        assert str(damage)  # noqa: PT017 - either way it is found


def test_a_chain_made_anew_needs_the_key() -> None:
    lines = written(with_mark()).splitlines(keepends=True)
    forged = link(replace(CONTENT, verb="case.closed"), START)
    lines[1] = json.dumps({"entry": describe_entry(forged)}).encode() + b"\n"
    assert {"inserted", "edited"} <= set(kinds(b"".join(lines)))


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n", b"[]\n", b'{"format":"gilfoyle-audit","v":2}\n'])
def test_other_files_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(ExportUnreadable, match="no export of the audit"):
        checked(data)


@pytest.mark.parametrize(
    "line", [b"{", b"[]\n", b'{"entry":{}}\n', b'{"checkpoint":{}}\n', b'{"a":1,"b":2}\n']
)
def test_what_is_no_line_is_told_by_its_number(line: bytes) -> None:
    lines = written(list(CHAIN)).splitlines(keepends=True)
    with pytest.raises(ExportUnreadable, match="Line 3"):
        checked(b"".join([*lines[:2], line, *lines[2:]]))


def test_an_entry_comes_back_as_it_was() -> None:
    assert parse_entry(json.loads(json.dumps(describe_entry(CHAIN[0])))) == CHAIN[0]
    with pytest.raises(ExportUnreadable, match="holds what no entry has"):
        parse_entry({**describe_entry(CHAIN[0]), "more": 1})
