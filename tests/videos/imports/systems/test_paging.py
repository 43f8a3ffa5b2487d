from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from videos.imports.systems.found import AnswerUnusable, Unlisted
from videos.imports.systems.paging import walk


def read(item: object) -> str:
    if not isinstance(item, str):
        message = "no text"
        raise AnswerUnusable(message)
    return item


def ids(pages: Iterator[list[object]]) -> Iterator[str]:
    for entry in walk(pages, read, str):
        yield entry.where if isinstance(entry, Unlisted) else entry


def test_each_is_listed_once_and_what_is_not_understood_is_told() -> None:
    # What comes newly to the front of a list shifts the others onto the next page.
    pages: list[list[object]] = [["a", 1, "b"], ["b", "c"], []]
    assert list(ids(iter(pages))) == ["a", "entry 2 of page 1", "b", "c"]


@pytest.mark.parametrize("page", [["a"], [1, 2]])
def test_a_list_without_an_end_ends(page: list[object]) -> None:
    listed: list[str] = []
    with pytest.raises(AnswerUnusable, match="nothing new"):
        listed.extend(ids(itertools.chain([["a"]], itertools.repeat(page))))
    assert listed[0] == "a"
    assert len(listed) <= 3
