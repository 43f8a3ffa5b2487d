"""Lists of what is to be imported, as CSV: read, and told line by line what is wrong with them. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SOURCE = "source"
FIELDS = ("title", "description", "external_id", "creator_id", "metadata", "poster_at_s")
COLUMNS = (SOURCE, *FIELDS)
DELIMITERS = (",", ";", "\t")  # spreadsheets write what their country is used to


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A line of a list: where it stands, what is to be imported, and the cells that are not empty."""

    line: int
    source: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a list holds, and what is wrong with it, in words."""

    rows: tuple[ListedRow, ...]
    problems: tuple[str, ...]


def read_list(text: str) -> ReadList:
    """Read a list whose first line names the columns: `source`, and any of the fields of a video."""
    first = text.removeprefix("\ufeff").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True
    )
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if problems := tuple(_wrong_columns(names)):
            return ReadList((), problems)
        found = list(_rows(reader, names))
    except csv.Error as error:
        return ReadList((), (f"line {reader.line_num}: this is no CSV ({error}).",))
    rows = tuple(one for one in found if isinstance(one, ListedRow))
    problems = tuple(one for one in found if isinstance(one, str))
    if not found:
        problems = ("the list is empty.",)
    return ReadList(rows, problems)


def _wrong_columns(names: list[str]) -> Iterator[str]:
    if SOURCE not in names:
        yield f"line 1: there must be a column {SOURCE}; the columns are {', '.join(COLUMNS)}."
        return
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            yield f"line 1: the column {name or 'without a name'} is not known; the columns are {', '.join(COLUMNS)}."
        elif names.count(name) > 1:
            yield f"line 1: the column {name} is there twice."


def _rows(reader: Iterator[list[str]], names: list[str]) -> Iterator[ListedRow | str]:
    line = 2
    for cells in reader:
        # A cell may hold line breaks: what counts is where its row begins.
        begins, line = line, getattr(reader, "line_num", line) + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            yield f"line {begins}: there are {len(cells)} cells, but {len(names)} columns."
            continue
        named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        source = named.pop(SOURCE, "")
        yield ListedRow(begins, source, named) if source else f"line {begins}: {SOURCE} is empty."
