"""What a chapter is, and how a list of them is put in order. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_CHAPTERS = 500
LONGEST_TITLE = 200
LATEST_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a chapter begins, from the beginning of the video, and what it is called."""

    start_ms: int
    title: str


def clean_title(text: str) -> str:
    """Return a title in one line, of what can be seen alone; "" where nothing can.

    Controls and marks that turn the direction of writing go: they could make a menu read as something else.
    """
    shown = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", text))
    kept = "".join(one for one in shown if unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    title = " ".join(kept.split())[:LONGEST_TITLE].strip()
    return title if any(unicodedata.category(one)[0] not in "MZ" for one in title) else ""


def arrange(found: Iterable[Chapter], *, end_ms: int | None) -> tuple[Chapter, ...]:
    """Return what can be shown of chapters that nobody has looked at: in order, titled, each time once, within the video."""
    latest_ms = LATEST_MS if end_ms is None else end_ms - 1
    by_start: dict[int, Chapter] = {}
    for chapter in found:
        title = clean_title(chapter.title)
        if title and 0 <= chapter.start_ms <= latest_ms:
            by_start.setdefault(chapter.start_ms, Chapter(chapter.start_ms, title))
    return tuple(by_start[start_ms] for start_ms in sorted(by_start))[:MOST_CHAPTERS]


def to_json(chapters: Sequence[Chapter]) -> list[list[int | str]]:
    """Return chapters as a row keeps them."""
    return [[one.start_ms, one.title] for one in chapters]


def from_json(kept: Sequence[Sequence[int | str]]) -> tuple[Chapter, ...]:
    """Return what `to_json` wrote."""
    return tuple(Chapter(int(start_ms), str(title)) for start_ms, title in kept)
