"""Goes through the pages of a list: each entry once, and no circles. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from videos.imports.systems.found import AnswerUnusable, Unlisted

Entry = TypeVar("Entry")


def walk(
    pages: Iterable[Sequence[object]], read: Callable[[object], Entry], id_of: Callable[[Entry], str]
) -> Iterator[Entry | Unlisted]:
    """Yield what is listed, and what of it can't be understood; pages are asked for as they are needed.

    Raises: what asking does; AnswerUnusable where a page has nothing new, since such a list need never end.
    """
    seen = set[str]()
    for number, page in enumerate(pages, 1):
        known = len(seen)
        for place, item in enumerate(page, 1):
            try:
                entry = read(item)
            except AnswerUnusable as error:
                yield Unlisted(f"entry {place} of page {number}", error)
                continue
            if id_of(entry) not in seen:
                seen.add(id_of(entry))
                yield entry
        if page and len(seen) == known:
            message = f"Page {number} of the list has nothing new that can be understood."
            raise AnswerUnusable(message, hint="What was listed before it is imported.")
