"""What stands for a creator who was erased: a keyed hash, so that a freeze goes on and nobody can be read from it. Pure."""

from __future__ import annotations

import hmac
import re

SHORT = 6  # what is shorter occurs in other words by chance: it counts where it is the whole value
_CREATOR = b"gilfoyle-erased-creator-v1\0"


def pseudonym_of(creator_id: str, *, project_id: str, root_secret: bytes) -> str:
    """Return what takes the place of a creator's id; another one in each project."""
    key = hmac.digest(root_secret, _CREATOR + project_id.encode(), "sha256")
    return f"erased_{hmac.digest(key, creator_id.encode('utf-8', 'replace'), 'sha256').hex()[:32]}"


def is_named_in(text: str, creator_id: str) -> bool:
    """Tell whether an id stands in a text as a word of its own; a short one: whether it is the whole text."""
    if len(creator_id) < SHORT:
        return text == creator_id
    return re.search(rf"(?<!\w){re.escape(creator_id)}(?!\w)", text) is not None
