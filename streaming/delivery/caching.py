"""What may be kept of stored files, for how long, and whether the caller has it already (RFC 9110, 13). Pure.

- `private`: each address carries one viewer's token, and a shared cache would answer without asking the gate.
- Never longer than the token lives, and an hour at most: a file already in a browser can't be recalled, so the
  time in which it is shown again without a question is kept short. Not `immutable`, for the same reason.
- The tag names a stored file's bytes, so that asking again costs no bytes.
"""

from __future__ import annotations

import re

LONGEST_KEPT_S = 3600
POSTER_KEPT_S = 60  # another may be chosen at any time

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def cache_control(*, expires_at_s: float, now_s: float, longest_s: int = LONGEST_KEPT_S) -> str:
    """Return `Cache-Control` for a stored file under a token that ends at `expires_at_s`."""
    return f"private, max-age={max(0, min(longest_s, int(expires_at_s - now_s)))}"


def make_etag(*parts: str | int) -> str:
    """Return a strong entity tag of parts that change when the bytes do."""
    return '"' + "-".join(f"{part:x}" if isinstance(part, int) else part for part in parts) + '"'


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the caller's copies include this one (weak comparison), so that 304 is the answer."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag in {
        tag.removeprefix("W/") for tag in _TAG.findall(if_none_match)
    }


def is_range_usable(if_range: str | None, etag: str) -> bool:
    """Tell whether a `Range` counts: without `If-Range`, or when it names these very bytes (strong comparison).

    We send no `Last-Modified`, so a date can't match.
    """
    return if_range is None or if_range.strip() == etag
