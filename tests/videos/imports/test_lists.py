from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.imports.lists import COLUMNS, ListedRow, read_list


def test_rows_say_where_they_stand() -> None:
    found = read_list('source,title\na.mp4,"Two\nlines"\n\nb.mp4,\n  ,  \nc.mp4,C\n')
    assert found.problems == ()
    assert found.rows == (
        ListedRow(2, "a.mp4", {"title": "Two\nlines"}),
        ListedRow(5, "b.mp4", {}),
        ListedRow(7, "c.mp4", {"title": "C"}),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lists_of_spreadsheets_are_read(delimiter: str, ending: str) -> None:
    text = (
        "\ufeff"
        + ending.join([delimiter.join(["Source", " TITLE "]), delimiter.join(["a.mp4", "A, B; C"])])
        + ending
    )
    if delimiter != "\t":
        text = text.replace("A, B; C", '"A, B; C"')
    found = read_list(text)
    assert [(row.source, dict(row.cells)) for row in found.rows] == [("a.mp4", {"title": "A, B; C"})]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: there must be a column source"),
        ("file,title\na,b\n", "line 1: there must be a column source"),
        ("source,tilte\na,b\n", "line 1: the column tilte is not known"),
        ("source,\na,b\n", "line 1: the column without a name is not known"),
        ("source,title,title\na,b,c\n", "line 1: the column title is there twice"),
        ("source\n", "the list is empty"),
        ("source,title\na,b,c\n", "line 2: there are 3 cells, but 2 columns"),
        ("source,title\na,b\n,b\n", "line 3: source is empty"),
        ('source\n"a\n', "line 2: this is no CSV"),
        ('source\n"a"b\n', "line 2: this is no CSV"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(text: str, problem: str) -> None:
    found = read_list(text)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = read_list("source,title\n,a\nb,c,d\ne,f\n")
    assert [problem[:6] for problem in found.problems] == ["line 2", "line 3"]
    assert [row.source for row in found.rows] == ["e"]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


@given(st.lists(st.tuples(CELLS.filter(str.strip), CELLS), min_size=1, max_size=8))
def test_what_was_written_as_csv_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([("source", "title"), *rows])
    found = read_list(file.getvalue())
    assert found.problems == ()
    assert [(row.source, row.cells.get("title", "")) for row in found.rows] == [
        (source.strip(), title.strip()) for source, title in rows
    ]
    begins = 2
    for row, cells in zip(found.rows, rows, strict=True):
        assert row.line == begins
        begins += 1 + sum(cell.count("\n") for cell in cells)


@given(st.text(max_size=200), st.booleans())
def test_whatever_is_given_is_a_list_or_told_why_not(text: str, has_head: bool) -> None:
    found = read_list(f"{','.join(COLUMNS)}\n{text}" if has_head else text)
    assert found.rows or found.problems
