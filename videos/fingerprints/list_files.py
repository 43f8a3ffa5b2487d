"""Files of hashes, as lists are exchanged: one hash a line, or CSV. Strict: a line that is not understood is a problem. Pure.

Lines: `HASH` or `HASH  NAME`, as sha256sum and md5sum write; 64 hexadecimal digits are a SHA-256, 32 an MD5.
CSV: a line of column names (kind, hash; reference and at_s may be left out), then one hash a line. Pictures (dct256, pdq)
need a reference: those with the same one are of one video.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DIGITS = {"sha256": 64, "md5": 32, "dct256": 64, "pdq": 64}
OF_PICTURES = ("dct256", "pdq")
COLUMNS = ("kind", "hash", "reference", "at_s")
MAX_LINE_BYTES = 1000
MAX_REFERENCE = 200
MAX_AT_S = 1_000_000
_LINE = re.compile(r"([0-9A-Fa-f]+)(?:[ \t]+\*?(\S.*))?")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Entry:
    """One hash of a list, in lower case; `at_s`: where in its video a picture is."""

    kind: str
    digest: str
    reference: str = ""
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is not understood, and why."""

    line: int
    words: str


class _Misread(Exception):
    """A line is not what it should be; its words say what."""


def parse_list(lines: Iterable[bytes]) -> Iterator[Entry | Problem]:
    """Yield the entries of a file, and a problem for each line that is none. Empty lines and `# …` are passed over."""
    columns: tuple[str, ...] | None = None
    is_first = True
    for number, line in enumerate(lines, start=1):
        try:
            text = _text(line.removeprefix(_BOM) if number == 1 else line)
            if not text or text.startswith("#"):
                continue
            if is_first:
                is_first = False
                columns = _header(text)
                if columns:
                    continue
            yield _from_row(_cells(text), columns) if columns else _from_line(text)
        except _Misread as error:
            yield Problem(number, str(error))


def render_list(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the lines of a CSV that `parse_list` reads as the same entries."""
    yield ",".join(COLUMNS) + "\n"
    for entry in entries:
        at_s = repr(entry.at_s) if entry.at_s else ""
        reference = entry.reference.replace('"', '""')
        yield f'{entry.kind},{entry.digest},"{reference}",{at_s}\n'


def _text(line: bytes) -> str:
    if len(line) > MAX_LINE_BYTES:
        message = f"it is longer than {MAX_LINE_BYTES} bytes"
        raise _Misread(message)
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        message = "it is not UTF-8"
        raise _Misread(message) from None
    return text.strip(" \t\r\n")


def _header(text: str) -> tuple[str, ...] | None:
    """Return the columns, where the first line names them."""
    if "," not in text and text.lower() != "hash":
        return None
    columns = tuple(cell.strip().lower() for cell in _cells(text))
    if unknown := [name for name in columns if name not in COLUMNS]:
        message = f"column {unknown[0][:40]!r} is none of {', '.join(COLUMNS)}"
        raise _Misread(message)
    if len(set(columns)) < len(columns) or not {"kind", "hash"} <= set(columns):
        message = "the columns kind and hash must be named, each once"
        raise _Misread(message)
    return columns


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True))
    except (csv.Error, StopIteration):
        message = "its quotes do not fit together"
        raise _Misread(message) from None


def _from_row(cells: list[str], columns: tuple[str, ...]) -> Entry:
    if len(cells) != len(columns):
        message = f"it has {len(cells)} columns, not {len(columns)}"
        raise _Misread(message)
    row = dict(zip(columns, cells, strict=True))
    kind = row["kind"].strip().lower()
    if kind not in DIGITS:
        message = f"kind {kind[:20]!r} is none of {', '.join(DIGITS)}"
        raise _Misread(message)
    return _entry(kind, row["hash"].strip(), row.get("reference", ""), row.get("at_s", ""))


def _from_line(text: str) -> Entry:
    match = _LINE.fullmatch(text)
    kinds = {64: "sha256", 32: "md5"}
    if match is None or len(match[1]) not in kinds:
        message = "it is no SHA-256 (64 hexadecimal digits) and no MD5 (32)"
        raise _Misread(message)
    return _entry(kinds[len(match[1])], match[1], match[2] or "", "")


def _entry(kind: str, digest: str, reference: str, at_s: str) -> Entry:
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{DIGITS[kind]}}}", digest):
        message = f"a {kind} hash has {DIGITS[kind]} hexadecimal digits"
        raise _Misread(message)
    if len(reference) > MAX_REFERENCE or any(unicodedata.category(one)[0] == "C" for one in reference):
        message = f"a reference has at most {MAX_REFERENCE} characters, none of them invisible"
        raise _Misread(message)
    if kind in OF_PICTURES and not reference:
        message = f"a {kind} hash needs a reference: which video the picture is of"
        raise _Misread(message)
    return Entry(kind, digest.lower(), reference, _seconds(at_s.strip()))


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    try:
        at_s = float(text)
    except ValueError:
        at_s = math.nan
    if not 0 <= at_s <= MAX_AT_S:
        message = f"at_s {text[:20]!r} is no time in seconds"
        raise _Misread(message)
    return at_s
