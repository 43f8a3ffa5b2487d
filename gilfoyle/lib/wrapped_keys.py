"""Keys of single files as they lie in the database: encrypted, for one purpose and one owner alone.

    root secret --HKDF-SHA256--> one key for each purpose, kept nowhere --AES-256-GCM--> the random key of one thing

A stolen database opens nothing without the root secret; the root secret opens nothing once the row is gone, which is
how a thing is destroyed although copies of its bytes may lie elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gilfoyle.lib.errors import Fault

VERSION = 1
NONCE_BYTES = 12
_INFO = b"gilfoyle-key-of-keys-v1\0"
LOST = "A key of this video can't be opened."
HINT = (
    "Is GILFOYLE_SECRET_KEY (or the file secret_key in the data folder) the one that the key was made under?"
)


class KeyUnusable(Fault):
    """A wrapped key was made under another root secret, for something else, or is damaged."""

    code: ClassVar[str] = "key_unusable"


class _Guard:
    """What is asked before a key is wrapped; `gilfoyle/apps.py` says what, for this package knows no tables."""

    prove: Callable[[bytes], None] = staticmethod(lambda _root_secret: None)


def prove_before_wrapping(prove: Callable[[bytes], None]) -> None:
    """Let nothing be wrapped under a root secret of which this raises."""
    _Guard.prove = staticmethod(prove)


def wrap_key(key: bytes, *, purpose: str, owner: str, root_secret: bytes) -> bytes:
    """Encrypt a key: `purpose` says what such keys are for ("source"), `owner` whose this one is.

    Raises: SecretDiffers, where the database's other keys are wrapped under another root secret.
    """
    _Guard.prove(root_secret)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(purpose, root_secret).encrypt(nonce, key, _binding(purpose, owner))
    return bytes((VERSION,)) + nonce + sealed


def unwrap_key(wrapped: bytes, *, purpose: str, owner: str, root_secret: bytes) -> bytes:
    """Return the key that was wrapped for this purpose and owner.

    Raises: KeyUnusable.
    """
    nonce, sealed = wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :]
    if wrapped[:1] != bytes((VERSION,)) or len(nonce) != NONCE_BYTES:
        raise KeyUnusable(LOST, hint=HINT, owner=owner)
    try:
        return _cipher(purpose, root_secret).decrypt(nonce, sealed, _binding(purpose, owner))
    except InvalidTag:
        raise KeyUnusable(LOST, hint=HINT, owner=owner) from None


def _cipher(purpose: str, root_secret: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=_INFO + purpose.encode()).derive(root_secret))


def _binding(purpose: str, owner: str) -> bytes:
    return bytes((VERSION,)) + f"{purpose}\0{owner}".encode()
