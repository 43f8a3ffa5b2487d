"""Public keys that consumers bring: which are taken, and why others are not, in words. Pure."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from streaming.tokens.claims import Algorithm

MAX_PEM_LENGTH = 4_000
_END = "-----END PUBLIC KEY-----"
_BEGIN = "-----BEGIN PUBLIC KEY-----"
# Points of Ed25519 whose order divides 8, without the sign bit: anybody can sign for them (RFC 8032, 5.1; the last
# two are other spellings of the first two).
LOW_ORDER_POINTS = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


class PublicKeyRefused(ValueError):
    """A text is no public key that tokens can be checked with; its message says why."""


def read_public_key(text: str) -> tuple[Algorithm, str]:
    """Return the algorithm of a public key in PEM (SPKI), and its one spelling.

    Raises: PublicKeyRefused.
    """
    pem = text.strip()
    _check_armour(pem)
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        message = "This public key can't be read. Send all lines of its PEM file."
        raise PublicKeyRefused(message) from None
    algorithm = _algorithm_of(key)
    return algorithm, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _check_armour(pem: str) -> None:
    if "PRIVATE KEY" in pem:
        message = (
            "This is a private key. It has now left your machine: throw it away, make a new pair, and send only the "
            "public key."
        )
        raise PublicKeyRefused(message)
    if "CERTIFICATE" in pem:
        message = "This is a certificate. Send the public key alone: openssl x509 -pubkey -noout -in certificate.pem"
        raise PublicKeyRefused(message)
    is_one = pem.startswith(_BEGIN) and pem.endswith(_END) and pem.count("-----BEGIN") == 1
    if not is_one or not pem.isascii() or len(pem) > MAX_PEM_LENGTH:
        message = f"Send one public key in PEM: it begins with {_BEGIN} and ends with {_END}."
        raise PublicKeyRefused(message)


def _algorithm_of(key: object) -> Algorithm:
    if isinstance(key, Ed25519PublicKey):
        raw = bytearray(key.public_bytes_raw())
        raw[31] &= 0x7F
        if bytes(raw) in LOW_ORDER_POINTS:
            message = "This key is weak: anybody can sign for it. Make a new pair."
            raise PublicKeyRefused(message)
        return "E"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "P"
    message = f"This is {_name(key)}. Send an Ed25519 key, or one of the curve P-256."
    raise PublicKeyRefused(message)


def _name(key: object) -> str:
    if isinstance(key, RSAPublicKey):
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, EllipticCurvePublicKey):
        return f"a key of the curve {key.curve.name}"
    return "a DSA key" if isinstance(key, DSAPublicKey) else "a key of another kind"
