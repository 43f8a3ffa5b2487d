"""A file in pieces by plain PUT: what Content-Range says, and how far the file is. Pure.

As UpChunk and others send it: `Content-Range: bytes FIRST-LAST/TOTAL`, answered by 308 with `Range: bytes=0-LAST`
until all is there. A piece that was sent before is taken again; `bytes */TOTAL` asks how far the file is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from videos.uploads.errors import RangeInvalid, UploadOffsetMismatch

_SHAPE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which bytes of a file a body is, and of how many in all (None: not known yet). No bytes: only a question."""

    first: int
    size_bytes: int
    total_bytes: int | None


def read_stretch(text: str | None, *, body_bytes: int) -> Stretch:
    """Read Content-Range; without one the body is the whole file.

    Raises: RangeInvalid.
    """
    if text is None:
        return Stretch(0, body_bytes, body_bytes)
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        message = "Content-Range must be `bytes FIRST-LAST/TOTAL`."
        raise RangeInvalid(message)
    total_bytes = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        stretch = Stretch(0, 0, total_bytes)
    else:
        first, last = int(match[1]), int(match[2])
        stretch = Stretch(first, last + 1 - first, total_bytes)
    is_beyond = total_bytes is not None and stretch.first + stretch.size_bytes > total_bytes
    if stretch.size_bytes < 0 or stretch.size_bytes != body_bytes or is_beyond:
        message = "Content-Range is not what the body is."
        raise RangeInvalid(message)
    return stretch


def overlap_bytes(stretch: Stretch, offset_bytes: int) -> int:
    """Return how many of a body's bytes are there already.

    Raises: UploadOffsetMismatch where bytes before it are missing.
    """
    if stretch.first > offset_bytes:
        message = f"The upload is at byte {offset_bytes}; those up to {stretch.first} are missing."
        raise UploadOffsetMismatch(message, hint="Go on where `Range` ends.", offset_bytes=offset_bytes)
    return min(stretch.size_bytes, offset_bytes - stretch.first)


def describe_range(offset_bytes: int) -> dict[str, str]:
    """Return the header that tells how much is there."""
    return {"Range": f"bytes=0-{offset_bytes - 1}"} if offset_bytes else {}
