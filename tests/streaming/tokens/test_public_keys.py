from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from streaming.tokens.public_keys import LOW_ORDER_POINTS, PublicKeyRefused, read_public_key
from tests.streaming.tokens.signing import ED25519, P256, pem_of

PRIME = 2**255 - 19
D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME


def test_both_kinds_are_taken():
    assert read_public_key(pem_of(ED25519)) == ("E", pem_of(ED25519))
    assert read_public_key(pem_of(P256)) == ("P", pem_of(P256))


def test_a_key_has_one_spelling():
    windows = "\r\n" + pem_of(P256).replace("\n", "\r\n")
    compressed = P256.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert read_public_key(windows) == ("P", pem_of(P256))
    assert compressed not in pem_of(P256).encode()


def private_pem(key, form=PrivateFormat.PKCS8):
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (private_pem(ED25519), "private key"),
        (private_pem(P256), "private key"),
        (private_pem(P256, PrivateFormat.TraditionalOpenSSL), "private key"),
        (pem_of(P256) + private_pem(P256), "private key"),
        ("", "one public key"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "one public key"),
        (pem_of(ED25519) + pem_of(P256), "one public key"),
        (pem_of(ED25519)[:-10], "one public key"),
        (pem_of(ED25519).replace("MC", "MD", 1), "can't be read"),
        ("-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----", "can't be read"),
        ("-----BEGIN PUBLIC KEY-----\n" + "A" * 5000 + "\n-----END PUBLIC KEY-----", "one public key"),
        ("-----BEGIN PUBLIC KEY-----\n\xe9\n-----END PUBLIC KEY-----", "one public key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate"),
        (pem_of(ec.generate_private_key(ec.SECP384R1())), "curve secp384r1"),
        (pem_of(ec.generate_private_key(ec.SECP256K1())), "curve secp256k1"),
        (pem_of(rsa.generate_private_key(65537, 2048)), "RSA key of 2048 bits"),
        (pem_of(dsa.generate_private_key(2048)), "DSA"),
        (pem_of(ed448.Ed448PrivateKey.generate()), "another kind"),
        (pem_of(x25519.X25519PrivateKey.generate()), "another kind"),
    ],
)
def test_others_are_refused_in_words(text, words):
    with pytest.raises(PublicKeyRefused, match=words):
        read_public_key(text)


def test_a_point_that_is_not_on_the_curve_is_refused():
    off = bytearray(P256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    off[-1] ^= 1
    with pytest.raises(PublicKeyRefused, match="can't be read"):
        read_public_key(as_pem(bytes(off)))


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", sorted(LOW_ORDER_POINTS))
def test_ed25519_keys_that_anybody_can_sign_for_are_refused(point, sign):
    raw = point[:31] + bytes([point[31] | sign])
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    with pytest.raises(PublicKeyRefused, match="weak"):
        read_public_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_the_weak_points_are_those_whose_order_divides_eight():
    for point in LOW_ORDER_POINTS:
        y = int.from_bytes(point, "little") % PRIME
        # Eight times a point, in projective steps that leave x out: y of the double follows from x^2 and y^2.
        for _ in range(3):
            square = y * y % PRIME
            x_square = (square - 1) * pow(D * square + 1, PRIME - 2, PRIME) % PRIME
            product = D * x_square % PRIME * square % PRIME
            y = (square + x_square) * pow(1 - product, PRIME - 2, PRIME) % PRIME
        assert y == 1


def as_pem(der: bytes) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"


@given(st.binary(max_size=120))
def test_any_bytes_are_a_key_or_refused(der):
    try:
        algorithm, pem = read_public_key(as_pem(der))
    except PublicKeyRefused:
        return
    assert read_public_key(pem) == (algorithm, pem)


@given(st.text(max_size=200))
def test_any_text_is_a_key_or_refused(text):
    with pytest.raises(PublicKeyRefused):
        read_public_key(text)
