"""API keys as text: mint, take apart, hash. A key is `gfk_<prefix>_<secret>`; only its SHA-256 is kept.

The secret has 256 random bits, so a plain hash is enough (no guessing is possible that a slow hash would hinder).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from gilfoyle.lib.ids import random_text

PREFIX_LENGTH = 8
SECRET_LENGTH = 43
SCOPES = (
    "videos:read",
    "videos:write",
    "uploads:write",
    "playback:sign",
    "keys:write",
    "moderation:read",
    "moderation:write",
    "creators:read",
    "creators:write",
    "webhooks:read",
    "webhooks:write",
)
_SHAPE = re.compile(rf"gfk_([0-9A-Za-z]{{{PREFIX_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})")


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key: `text` is shown once, `prefix` and `digest` are kept."""

    text: str
    prefix: str
    digest: str


def mint_key() -> MintedKey:
    """Make a new random key."""
    prefix = random_text(PREFIX_LENGTH)
    text = f"gfk_{prefix}_{random_text(SECRET_LENGTH)}"
    return MintedKey(text=text, prefix=prefix, digest=hash_key(text))


def hash_key(text: str) -> str:
    """Return the SHA-256 of a key in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_prefix(text: str) -> str | None:
    """Return the public prefix of a well-formed key, else None."""
    match = _SHAPE.fullmatch(text)
    return match.group(1) if match else None


def is_match(text: str, digest: str) -> bool:
    """Compare a presented key with a kept digest in constant time."""
    return hmac.compare_digest(hash_key(text), digest)
