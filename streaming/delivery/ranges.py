"""The `Range` header → a span of bytes (RFC 9110, 14). Pure. One span at most; several are answered whole."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def content_range(self, size_bytes: int) -> str:
        """Return the value of `Content-Range` for a file of this size."""
        return f"bytes {self.first}-{self.last}/{size_bytes}"


class Unsatisfiable(Exception):
    """The wanted bytes lie outside of the file (416)."""


def parse_range(header: str | None, size_bytes: int) -> Span | None:
    """Return the wanted span, or None where the whole file is to be sent.

    A header that is not understood, or wants several spans, is ignored as RFC 9110 allows.
    Raises: Unsatisfiable.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size_bytes)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size_bytes:
        raise Unsatisfiable
    return Span(start, min(int(last), size_bytes - 1) if last else size_bytes - 1)


def _suffix(length: str, size_bytes: int) -> Span | None:
    if not length:
        return None
    if int(length) == 0 or size_bytes == 0:
        raise Unsatisfiable
    return Span(max(0, size_bytes - int(length)), size_bytes - 1)
