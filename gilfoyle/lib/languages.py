"""Language tags (BCP 47), from whatever people and containers write: `eng`, `de_DE`, `zh-hans`."""

from __future__ import annotations

import langcodes

UNKNOWN = "und"
MAX_LENGTH = 35  # RFC 5646, 4.4.1


def standard_tag(text: str) -> str | None:
    """Return the tag as BCP 47 writes it, the shortest that says the same; None where it is none."""
    if not text.isascii() or len(text) > MAX_LENGTH:
        return None
    try:
        is_valid = langcodes.tag_is_valid(text)
        tag = langcodes.standardize_tag(text)
    except ValueError:
        return None
    return tag if is_valid and len(tag) <= MAX_LENGTH else None


def known_tag(text: str) -> str:
    """Return the tag of a container's language, `und` where it says nothing that can be understood."""
    return standard_tag(text) or UNKNOWN
