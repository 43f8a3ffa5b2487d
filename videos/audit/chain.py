"""The chain itself: what of an entry is hashed, how, and whether a stream of entries is whole. Knows no database.

hash = SHA-256(previous hash || JCS(entry without its hash))        JCS: canonical JSON, RFC 8785
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import rfc8785

VERSION = 1
GENESIS = "0" * 64
LARGEST_INTEGER = 2**53 - 1  # beyond it JSON's numbers are not exact (RFC 8785, 3.2.2.3)
LONGEST_DATA_BYTES = 16 * 1024
DEEPEST = 8

FindingKind = Literal[
    "edited", "missing", "inserted", "misplaced", "unlinked", "unsealed", "truncated", "checkpoint", "witness"
]


@dataclass(frozen=True, slots=True)
class Content:
    """What an entry tells: who did what to which thing, and when (UTC)."""

    at: datetime
    actor_kind: str
    actor_id: str
    verb: str
    object_type: str
    object_id: str
    project_id: str
    data: Mapping[str, Any]
    personal_commitment: str


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain. Number 0 is before the first entry."""

    seq: int
    hash: str


START = Link(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in its place."""

    content: Content
    seq: int
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, at which number, in words."""

    kind: FindingKind
    seq: int
    message: str


def canonical(value: Any) -> bytes:
    """Return a value as canonical JSON. Raises: ValueError for what JSON can't hold exactly."""
    return rfc8785.dumps(value)


def clean_data(value: Any, depth: int = 0) -> Any:
    """Return what an entry can hold of a value: text without lone surrogates, numbers that JSON keeps exactly.

    Raises: ValueError for anything else, and for what is nested too deeply.
    """
    if depth > DEEPEST:
        message = f"An entry's data is nested more than {DEEPEST} deep."
        raise ValueError(message)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        # As text where readers of JSON would give back another number.
        return value if abs(value) <= LARGEST_INTEGER else str(value)
    if isinstance(value, str):
        return str.encode(value, "utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {clean_data(str(name), depth + 1): clean_data(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [clean_data(one, depth + 1) for one in items]
    message = f"An entry's data can't hold {type(value).__name__}."
    raise ValueError(message)


def in_words(at: datetime) -> str:
    """Return a moment as it is hashed: UTC, always with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def describe(content: Content) -> dict[str, Any]:
    """Return an entry's content as JSON: of this, with its number and the hash before it, the hash is made."""
    return {
        "v": VERSION,
        "at": in_words(content.at),
        "actor": {"kind": content.actor_kind, "id": content.actor_id},
        "verb": content.verb,
        "object": {"type": content.object_type, "id": content.object_id},
        "project": content.project_id,
        "data": dict(content.data),
        "personal": content.personal_commitment,
    }


def link(content: Content, after: Link) -> Entry:
    """Return an entry in the place after another one."""
    seq = after.seq + 1
    return Entry(content, seq, after.hash, _hash(content, seq, after.hash))


def _hash(content: Content, seq: int, prev_hash: str) -> str:
    body = {**describe(content), "seq": seq, "prev": prev_hash}
    return hashlib.sha256(bytes.fromhex(prev_hash) + canonical(body)).hexdigest()


def commit(value: str, salt: bytes) -> str:
    """Return what stands in the chain for a personal value: it can go without the chain breaking."""
    return hashlib.sha256(salt + value.encode("utf-8", "replace")).hexdigest()


class ChainCheck:
    """Takes entries in their order, and says of each what is wrong with it."""

    def __init__(self, base: Link = START) -> None:
        self.at = base
        self.count = 0

    def take(self, entry: Entry) -> list[Finding]:
        """Look at the next entry."""
        found = []
        seq = entry.seq
        expected = self.at.seq + 1
        if seq > expected:
            missing = (
                f"Entry {expected} is" if seq == expected + 1 else f"Entries {expected} to {seq - 1} are"
            )
            found.append(Finding("missing", expected, f"{missing} missing."))
        elif seq < expected:
            found.append(Finding("misplaced", seq, f"Entry {seq} stands after entry {self.at.seq}."))
        elif entry.prev_hash != self.at.hash:
            found.append(Finding("inserted", seq, f"Entry {seq} does not continue entry {self.at.seq}."))
        if not _is_whole(entry):
            found.append(Finding("edited", seq, f"Entry {seq} is not what was recorded."))
        self.at = Link(max(seq, self.at.seq), entry.hash)
        self.count += 1
        return found


def _is_whole(entry: Entry) -> bool:
    try:
        return _hash(entry.content, entry.seq, entry.prev_hash) == entry.hash
    # A hash that is none, data that JSON can't hold, a time that is none: not of our making.
    except (ValueError, TypeError, AttributeError):
        return False
