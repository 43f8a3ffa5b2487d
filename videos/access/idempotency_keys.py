"""Idempotency-Key as text: read, and turned into what is kept of it. Pure.

Neither the key nor the answer lies in the database in the clear: the answer may hold an upload address, which is a
secret, and a title that its owner deletes meanwhile. The row's name is an HMAC of project and key; the answer is
sealed with a key that takes the root secret and the Idempotency-Key to derive, so that a stolen database opens
nothing, and a stolen database with the root secret only that of which the Idempotency-Key is known too.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from videos.errors import IdempotencyKeyInvalid

MAX_LENGTH = 255
NONCE_LENGTH = 12
# Without comma and space: what a proxy joins of two headers is no key.
_SHAPE = re.compile(rf"[A-Za-z0-9._~:+/=@-]{{1,{MAX_LENGTH}}}", re.ASCII)
_NAME, _SEAL, _REQUEST = (f"gilfoyle-idempotency-{use}-v1\0".encode() for use in ("name", "seal", "request"))


def read_key(header: str | None) -> str | None:
    """Return the key that a header names, quoted (as the draft wants it) or bare (as most clients send it).

    Raises: IdempotencyKeyInvalid.
    """
    if header is None:
        return None
    text = header.strip(" \t")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _SHAPE.fullmatch(text):
        message = f"An Idempotency-Key has 1 to {MAX_LENGTH} letters, digits and signs of ._~:+/=@-."
        raise IdempotencyKeyInvalid(message, hint="A random UUID does it.")
    return text


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What stands for a key of a project: the name of its row, and what only the key's owner can bring about."""

    name: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str, *, project_id: str, root_secret: bytes) -> KeptKey:
        """Derive it."""
        subject = f"{project_id}\0{text}".encode("ascii")
        name = hmac.digest(root_secret, _NAME + subject, "sha256").hex()
        return cls(name, hmac.digest(root_secret, _SEAL + subject, "sha256"))

    def fingerprint(self, parts: Iterable[bytes]) -> str:
        """Return what a request is told by; of no use to who would guess its content."""
        joined = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self.secret, _REQUEST + joined, "sha256").hex()

    def seal(self, answer: bytes) -> bytes:
        """Encrypt an answer."""
        nonce = secrets.token_bytes(NONCE_LENGTH)
        return nonce + AESGCM(self.secret).encrypt(nonce, answer, self.name.encode())

    def open(self, sealed: bytes) -> bytes:
        """Decrypt an answer. Raises: InvalidTag where it is none of this key's."""
        return AESGCM(self.secret).decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], self.name.encode())
