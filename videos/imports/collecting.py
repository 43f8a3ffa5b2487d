"""Finds what an operator wants imported: files, all that is in a folder, the lines of a list, addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from videos.catalog.serializers import VideoInputSerializer
from videos.imports.buckets import SCHEME
from videos.imports.lists import ListedRow, read_list
from videos.imports.media_suffixes import MEDIA_SUFFIXES

ADDRESSES = ("http://", "https://", SCHEME)
LIST_SUFFIX = ".csv"
MAX_TITLE = 255
MAX_LIST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """One file or address to import, and what its video is to be called."""

    source: str
    fields: Mapping[str, Any]
    path: Path | None = None

    @property
    def size_bytes(self) -> int:
        """How large a file is; of an address that is not known yet."""
        with suppress(OSError):  # it is told of when it is to be opened
            return self.path.stat().st_size if self.path is not None else 0
        return 0


@dataclass(slots=True)
class Collection:
    """What is to be imported, what is wrong with what was asked for, and how many files were no media by their names."""

    wishes: list[Wish] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: int = 0


def collect(sources: Sequence[str]) -> Collection:
    """Look up what is meant; nothing is opened but lists. What is named twice is imported once."""
    collection, known = Collection(), set[str]()
    for source in sources:
        for found in _find(source, collection):
            mark = str(found.path.resolve()) if found.path is not None else found.source
            if mark not in known:
                known.add(mark)
                collection.wishes.append(found)
    return collection


def is_address(source: str) -> bool:
    """Tell whether something is to be fetched, and no path."""
    return source.lower().startswith(ADDRESSES)


def printable(text: str) -> str:
    """Return a name as any terminal and database can show it; file names may hold bytes that are no text."""
    return text.encode(errors="replace").decode()


def _find(source: str, collection: Collection) -> Iterator[Wish]:
    if is_address(source):
        yield _from_address(source, {})
        return
    path = Path(source)
    try:
        if path.is_dir():
            yield from _in_folder(path, collection)
        elif path.suffix.lower() == LIST_SUFFIX and path.is_file():
            yield from _in_list(path, collection)
        elif path.is_file():
            yield _from_file(path, {})
        else:
            collection.problems.append(f"{printable(source)}: there is no such file or folder.")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "this is no text in UTF-8"
        collection.problems.append(f"{printable(source)}: {reason}.")


def _in_folder(folder: Path, collection: Collection) -> Iterator[Wish]:
    def tell(error: OSError) -> None:
        collection.problems.append(f"{printable(str(error.filename))}: {error.strerror}.")

    for place, folders, names in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix.lower() in MEDIA_SUFFIXES and not name.startswith(".") and path.is_file():
                yield _from_file(path, {})
            else:
                collection.left_out += 1


def _in_list(path: Path, collection: Collection) -> Iterator[Wish]:
    if path.stat().st_size > MAX_LIST_BYTES:
        collection.problems.append(f"{printable(str(path))}: a list may have {MAX_LIST_BYTES} bytes at most.")
        return
    found = read_list(path.read_text(encoding="utf-8"))
    told = [*found.problems]
    for row in found.rows:
        fields, problems = _fields(row)
        here = path.parent / row.source
        if not is_address(row.source) and not here.is_file():
            problems.append("there is no such file.")
        told += [f"line {row.line}: {problem}" for problem in problems]
        if not problems:
            yield _from_address(row.source, fields) if is_address(row.source) else _from_file(here, fields)
    collection.problems += [f"{printable(str(path))}, {problem}" for problem in told]


def _fields(row: ListedRow) -> tuple[dict[str, Any], list[str]]:
    """Return what a line says of its video, checked by the API's own rules."""
    given: dict[str, Any] = dict(row.cells)
    if "metadata" in given:
        try:
            given["metadata"] = json.loads(given["metadata"])
        except ValueError:
            return {}, ["metadata: this is no JSON."]
    checked = VideoInputSerializer(data=given)
    if checked.is_valid():
        return dict(checked.validated_data), []
    return {}, [f"{name}: {' '.join(map(str, told))}" for name, told in checked.errors.items()]


def _from_file(path: Path, fields: Mapping[str, Any]) -> Wish:
    return Wish(printable(str(path)), _titled(fields, path.name), path)


def _from_address(url: str, fields: Mapping[str, Any]) -> Wish:
    name = unquote(url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2], errors="replace")
    return Wish(url, _titled(fields, "".join(letter for letter in name if letter.isprintable())))


def _titled(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"title": printable(name)[:MAX_TITLE], **fields}
