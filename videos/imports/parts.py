"""What another server's answer is worth: a whole file, the part that was asked for, a refusal. Pure."""

from __future__ import annotations

import contextlib
import http
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from videos.imports.errors import ServerBusy, SourceChanged, SourceNotAllowed, SourceNotThere, SourceUnusable

NOT_THERE = frozenset({404, 410})
NOT_ALLOWED = frozenset({401, 402, 403, 407, 451})
BUSY = frozenset({408, 425, 429})
CHANGED = frozenset({412, 416})
PAGES = ("text/html", "application/xhtml+xml")
MAX_TAG = 255
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
OWN_ADDRESS = "Give the address under which the file itself can be downloaded without signing in."


@dataclass(frozen=True, slots=True)
class Version:
    """Which file it is: how long, and the tag or date by which its server tells it from a changed one."""

    size_bytes: int | None
    tag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """What If-Range may hold: a strong tag, else the date; "" where a change would not be noticed."""
        return self.tag or self.modified

    def is_same(self, other: Version) -> bool:
        """Tell whether another answer surely was about the same file."""
        return (
            bool(self.condition) and self.condition == other.condition and self.size_bytes == other.size_bytes
        )


@dataclass(frozen=True, slots=True)
class Part:
    """The body that follows begins at `first` of the file."""

    first: int
    version: Version


@dataclass(frozen=True, slots=True)
class Body:
    """A part of a file, and the bytes from there on."""

    part: Part
    pieces: Iterator[bytes]


def judge_answer(
    status: int, headers: Mapping[str, str], *, wanted_first: int, known: Version | None
) -> Part:
    """Tell what the body of an answer is.

    Raises: SourceNotThere, SourceNotAllowed, SourceUnusable; ServerBusy, SourceChanged, which may pass.
    """
    require_served(status, headers)
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        message = "The server sends the file packed, although it was asked not to."
        raise SourceUnusable(message, hint="Switch off compression for this file.")
    if headers.get("content-type", "").split(";")[0].strip().lower() in PAGES:
        message = "There is a web page at this address, not a video file."
        raise SourceUnusable(message, hint=OWN_ADDRESS)
    part = (
        _partial(headers)
        if status == 206
        else Part(0, _version(headers, _number(headers.get("content-length", ""))))
    )
    if known is not None and not known.is_same(part.version):
        message = "The file changed while it was fetched."
        raise SourceChanged(message, hint="Import it once it is complete.")
    if part.first > wanted_first:
        message = "The server sent another part of the file than was asked for."
        raise SourceChanged(message, hint=OWN_ADDRESS)
    return part


def require_served(status: int, headers: Mapping[str, str]) -> None:
    """Raises: SourceNotThere, SourceNotAllowed, SourceUnusable; ServerBusy, SourceChanged, which may pass."""
    if status in {200, 206}:
        return
    said = f"The server answered {say_status(status)}."
    if status in NOT_THERE:
        raise SourceNotThere(said, hint="Check the address.")
    if status in NOT_ALLOWED:
        raise SourceNotAllowed(
            said, hint="Give an address that needs no signing in, or one that is signed and has not expired."
        )
    if status in CHANGED:
        raise SourceChanged(said, hint="Import it once it is complete.")
    if status in BUSY or status >= 500:
        raise ServerBusy(said, hint="Try again later.", retry_after_s=_number(headers.get("retry-after", "")))
    raise SourceUnusable(said, hint=OWN_ADDRESS)


def _partial(headers: Mapping[str, str]) -> Part:
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        message = "The server sent a part of the file without saying which."
        raise SourceUnusable(message, hint=OWN_ADDRESS)
    total = None if found[3] == "*" else int(found[3])
    return Part(int(found[1]), _version(headers, total))


def _version(headers: Mapping[str, str], size_bytes: int | None) -> Version:
    tag = headers.get("etag", "").strip()
    is_strong = tag.startswith('"') and len(tag) <= MAX_TAG
    return Version(size_bytes, tag if is_strong else "", headers.get("last-modified", "").strip()[:MAX_TAG])


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def say_status(status: int) -> str:
    """Return a status as people know it; never in the server's own words."""
    with contextlib.suppress(ValueError):
        return f"{status} ({http.HTTPStatus(status).phrase})"
    return str(status)
