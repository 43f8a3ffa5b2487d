from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.audit.chain import Link
from videos.audit.signing import Mark
from videos.audit.witness import (
    FILE,
    WitnessDamaged,
    add_marks,
    describe_mark,
    last_seq,
    parse_mark,
    read_marks,
    size_bytes,
)

MARKS = [
    Mark("checkpoint", Link(seq, f"{seq:064x}"), "2026-11-29T12:00:00.000000Z", "k", "ab")
    for seq in (3, 7, 9)
]


def test_marks_are_added_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "audit"
    assert last_seq(folder) == 0
    add_marks(folder, MARKS[:1])
    add_marks(folder, MARKS[1:])
    assert list(read_marks(folder)) == MARKS
    assert last_seq(folder) == 9
    size = size_bytes(folder)
    add_marks(folder, MARKS)
    assert list(read_marks(folder, up_to_bytes=size)) == MARKS
    assert list(read_marks(folder, up_to_bytes=size - 1)) == MARKS[:2]
    assert size_bytes(tmp_path / "nowhere") == 0


def test_a_line_that_a_crash_cut_off_is_passed_over(tmp_path: Path) -> None:
    add_marks(tmp_path, MARKS[:2])
    whole = (tmp_path / FILE).read_bytes()
    for cut in range(1, 120):
        (tmp_path / FILE).write_bytes(whole[:-cut])
        if cut == 1:
            continue  # all of it, but for the end of the line
        assert list(read_marks(tmp_path)) == MARKS[:1]
        assert last_seq(tmp_path) == 3
    add_marks(tmp_path, MARKS[1:])
    with pytest.raises(WitnessDamaged, match="Line 2"):  # but not in silence for ever
        list(read_marks(tmp_path))


@pytest.mark.parametrize(
    "line", [b"{}", b"[]", b"null", b"\xff", b"[" * 5000, b'{"kind":"checkpoint","seq":"3"}']
)
def test_other_lines_are_told_by_their_number(tmp_path: Path, line: bytes) -> None:
    add_marks(tmp_path, MARKS[:1])
    with (tmp_path / FILE).open("ab") as file:
        file.write(line + b"\n")
    add_marks(tmp_path, MARKS[1:])
    with pytest.raises(WitnessDamaged, match="Line 2"):
        list(read_marks(tmp_path))
    assert last_seq(tmp_path) == 9


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
    )
)
def test_what_is_no_mark_is_refused(told: object) -> None:
    with pytest.raises(WitnessDamaged):
        parse_mark(told)


def test_a_mark_comes_back_as_it_was() -> None:
    assert parse_mark(json.loads(json.dumps(describe_mark(MARKS[0])))) == MARKS[0]
