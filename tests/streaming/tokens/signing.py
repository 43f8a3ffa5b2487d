"""Tokens as a consumer's backend signs them: the private halves of keys, and what to sign with them."""

from __future__ import annotations

import base64
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from streaming.tokens.claims import (
    ALL_SCOPES,
    Algorithm,
    Claims,
    KeyRecord,
    derive_secret,
    encode_claims,
    signed_message,
)
from streaming.tokens.signatures import P256_ORDER

ROOT = b"root"
PROJECT, VIDEO = "m4x0q7c2h9ab", "vid_" + "a" * 18
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
KEY_IDS: dict[Algorithm, str] = {"H": "keyHHH", "E": "keyEEE", "P": "keyPPP"}


def pem_of(private_key) -> str:
    public = private_key.public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "ascii")


def record(algorithm: Algorithm, **changes) -> KeyRecord:
    """Return the gate's record of the key of an algorithm."""
    public = {"H": "", "E": pem_of(ED25519), "P": pem_of(P256)}[algorithm]
    facts: dict[str, Any] = {
        "key_id": KEY_IDS[algorithm],
        "project_id": PROJECT,
        "algorithm": algorithm,
        "state": "active",
    }
    facts |= {"scope_mask": ALL_SCOPES, "max_ttl_s": 43_200, "min_issued_at_s": 0, "public_key": public}
    return KeyRecord(**{**facts, **changes})


def raw_p256(message: bytes) -> tuple[int, int]:
    """Return r and s, and of the two possible s the smaller."""
    r, s = decode_dss_signature(P256.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r, min(s, P256_ORDER - s)


def sign_raw(algorithm: Algorithm, message: bytes) -> bytes:
    if algorithm == "E":
        return ED25519.sign(message)
    if algorithm == "P":
        return b"".join(part.to_bytes(32, "big") for part in raw_p256(message))
    return hmac.digest(derive_secret(ROOT, KEY_IDS["H"]), message, "sha256")[:16]


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def join(key_id: str, body: bytes, signature: bytes) -> str:
    return f"{key_id}.{to_base64(body)}.{to_base64(signature)}"


def sign(
    algorithm: Algorithm,
    claims: Claims,
    *,
    project_id: str = PROJECT,
    video_id: str = VIDEO,
    key_id: str | None = None,
) -> str:
    """Return a token as a consumer signs it."""
    body, key_id = encode_claims(claims), key_id or KEY_IDS[algorithm]
    return join(key_id, body, sign_raw(algorithm, signed_message(key_id, project_id, video_id, body)))
