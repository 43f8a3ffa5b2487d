"""What only the holder of the root secret can make: seals of entries, and signed checkpoints of the chain.

    root secret --HKDF-SHA256--> a key for seals (HMAC-SHA256), and one for signatures (Ed25519); kept nowhere

A seal stops whoever can write to the database, but does not know the secret, from forging entries or mending the
chain behind a change. A signature can be checked by anybody who has the public key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from videos.audit.chain import VERSION, Content, Link, canonical, describe

_SEALS = b"gilfoyle-audit-seals-v1\0"
_SIGNATURES = b"gilfoyle-audit-signatures-v1\0"

# A base is where the chain begins after what was older has been removed.
MarkKind = Literal["checkpoint", "base", "export"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A signed statement that the chain had this hash at this number."""

    kind: MarkKind
    link: Link
    at: str
    key_id: str = ""
    signature: str = ""


class AuditKeys:
    """The two keys of an installation."""

    def __init__(self, root_secret: bytes) -> None:
        self._seal_key = _derive(root_secret, _SEALS)
        self._private = Ed25519PrivateKey.from_private_bytes(_derive(root_secret, _SIGNATURES))
        self.public_key = self._private.public_key().public_bytes_raw().hex()
        self.key_id = key_id_of(self.public_key)

    def seal_content(self, content: Content) -> str:
        """Return the seal of an entry that has no place yet."""
        return self._seal(b"content\0" + canonical(describe(content)))

    def seal_link(self, digest: str) -> str:
        """Return the seal of an entry in its place, by its hash."""
        return self._seal(b"link\0" + digest.encode())

    def _seal(self, message: bytes) -> str:
        return hmac.digest(self._seal_key, message, hashlib.sha256).hex()

    def sign(self, kind: MarkKind, link: Link, at: str) -> Mark:
        """Sign that the chain has this hash at this number."""
        mark = Mark(kind, link, at, self.key_id)
        return Mark(kind, link, at, self.key_id, self._private.sign(_message(mark)).hex())


@lru_cache(maxsize=4)
def keys_of(root_secret: bytes) -> AuditKeys:
    """Return the keys that a root secret leads to."""
    return AuditKeys(root_secret)


def key_id_of(public_key: str) -> str:
    """Return the short name of a public key."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:16]


def is_signed(mark: Mark, public_key: str) -> bool:
    """Tell whether a mark was signed by the holder of a key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(mark.signature), _message(mark))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(mark: Mark) -> bytes:
    told = {
        "v": VERSION,
        "kind": mark.kind,
        "seq": mark.link.seq,
        "hash": mark.link.hash,
        "at": mark.at,
        "key": mark.key_id,
    }
    return b"gilfoyle-audit\0" + canonical(told)


def _derive(root_secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(root_secret)
