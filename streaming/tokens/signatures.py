"""Who signed a token: one check an algorithm, and the key's record alone says which. Pure.

A signature has one spelling: of the two values that ECDSA gives for the same, the larger `s` is refused, as OpenSSL
refuses it for Ed25519. So nobody can make a second token out of one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from streaming.tokens.claims import KeyRecord, Token, derive_secret, is_signed_by, signed_message

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PUBLIC_SIGNATURE_LENGTH = 64
MAX_LOADED_KEYS = 2_000


def is_genuine(
    token: Token, key: KeyRecord, *, project_id: str, video_id: str, root_secret: Callable[[], bytes]
) -> bool:
    """Tell whether this key signed the token for this video of this project."""
    if token.key_id != key.key_id:
        return False
    if key.algorithm == "H":
        secret = derive_secret(root_secret(), key.key_id)
        return is_signed_by(token, secret=secret, project_id=project_id, video_id=video_id)
    message = signed_message(token.key_id, project_id, video_id, token.body)
    check = _is_ed25519_good if key.algorithm == "E" else _is_p256_good
    try:
        return len(token.signature) == PUBLIC_SIGNATURE_LENGTH and check(
            key.public_key, token.signature, message
        )
    except InvalidSignature:
        return False


def _is_ed25519_good(public_key: str, signature: bytes, message: bytes) -> bool:
    cast("Ed25519PublicKey", _load(public_key)).verify(signature, message)
    return True


def _is_p256_good(public_key: str, signature: bytes, message: bytes) -> bool:
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if s > P256_ORDER // 2:
        return False
    key = cast("EllipticCurvePublicKey", _load(public_key))
    key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    return True


@lru_cache(MAX_LOADED_KEYS)
def _load(public_key: str) -> object:
    # Reading a key takes as long as several checks.
    return load_pem_public_key(public_key.encode())
