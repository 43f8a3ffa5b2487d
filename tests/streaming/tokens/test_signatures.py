from __future__ import annotations

import dataclasses
import hmac
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from streaming.errors import TokenInvalid
from streaming.tokens.claims import (
    Algorithm,
    Claims,
    Scope,
    derive_secret,
    encode_claims,
    parse_token,
    sign_token,
    signed_message,
)
from streaming.tokens.signatures import P256_ORDER, is_genuine
from tests.streaming.tokens.signing import (
    ED25519,
    KEY_IDS,
    P256,
    PROJECT,
    ROOT,
    VIDEO,
    from_base64,
    join,
    pem_of,
    raw_p256,
    record,
    sign,
    sign_raw,
)

ALGORITHMS: tuple[Algorithm, ...] = ("H", "E", "P")
CLAIMS = Claims(Scope.PLAY | Scope.IMAGES, 1_700_000_000, 1_700_003_600, b"8 bytes!", max_height=720)
each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def is_good(text, key, *, project=PROJECT, video=VIDEO):
    try:
        token = parse_token(text)
    except TokenInvalid:
        return False
    return is_genuine(token, key, project_id=project, video_id=video, root_secret=lambda: ROOT)


def parts_of(text):
    key_id, body, signature = text.split(".")
    return key_id, from_base64(body), from_base64(signature)


@each_algorithm
def test_a_token_of_each_algorithm_is_checked(algorithm):
    text = sign(algorithm, CLAIMS)
    assert is_good(text, record(algorithm))
    assert len(parts_of(text)[2]) == (16 if algorithm == "H" else 64)


def test_own_keys_sign_as_consumers_are_told():
    secret = derive_secret(ROOT, KEY_IDS["H"])
    ours = sign_token(key_id=KEY_IDS["H"], secret=secret, project_id=PROJECT, video_id=VIDEO, claims=CLAIMS)
    assert ours == sign("H", CLAIMS)


@each_algorithm
def test_each_flipped_bit_is_refused(algorithm):
    text, key = sign(algorithm, CLAIMS), record(algorithm)
    for at, character in enumerate(text):
        for bit in range(7):
            flipped = text[:at] + chr(ord(character) ^ 1 << bit) + text[at + 1 :]
            assert not is_good(flipped, key), (at, bit)


@each_algorithm
def test_each_flipped_bit_of_body_and_signature_is_refused(algorithm):
    key_id, body, signature = parts_of(sign(algorithm, CLAIMS))
    key = record(algorithm)
    for at in range(len(body) * 8):
        changed = bytearray(body)
        changed[at // 8] ^= 1 << at % 8
        assert not is_good(join(key_id, bytes(changed), signature), key)
    for at in range(len(signature) * 8):
        changed = bytearray(signature)
        changed[at // 8] ^= 1 << at % 8
        assert not is_good(join(key_id, body, bytes(changed)), key)


@each_algorithm
@pytest.mark.parametrize(
    "other",
    [
        {"project_id": "m4x0q7c2h9ac"},
        {"video_id": "vid_" + "b" * 18},
        {"key_id": "keyOOO"},
        {"project_id": PROJECT + "v", "video_id": VIDEO[1:]},
    ],
)
def test_a_token_counts_for_its_own_key_project_and_video(algorithm, other):
    _, body, signature = parts_of(sign(algorithm, CLAIMS, **other))
    assert not is_good(join(KEY_IDS[algorithm], body, signature), record(algorithm))


@each_algorithm
def test_what_a_token_opens_cannot_be_widened(algorithm):
    key_id, _, signature = parts_of(sign(algorithm, CLAIMS))
    for scope in range(1, 128):
        if scope != CLAIMS.scope:
            wider = encode_claims(dataclasses.replace(CLAIMS, scope=Scope(scope)))
            assert not is_good(join(key_id, wider, signature), record(algorithm))


@each_algorithm
def test_the_record_names_the_algorithm_and_the_token_does_not(algorithm):
    for other in ALGORITHMS:
        # The very same token, under the key's own id, is checked as the record says.
        confused = dataclasses.replace(record(other), key_id=KEY_IDS[algorithm])
        assert is_good(sign(algorithm, CLAIMS), confused) == (other == algorithm)


@pytest.mark.parametrize("algorithm", ["E", "P"])
def test_a_public_key_is_no_secret_to_sign_with(algorithm):
    key = record(algorithm)
    public: Any = load_pem_public_key(key.public_key.encode())
    info = PublicFormat.SubjectPublicKeyInfo
    raw = (
        public.public_bytes_raw()
        if algorithm == "E"
        else public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    body = encode_claims(CLAIMS)
    message = signed_message(key.key_id, PROJECT, VIDEO, body)
    secrets = [
        key.public_key.encode(),
        key.public_key.strip().encode(),
        public.public_bytes(Encoding.DER, info),
        raw,
        derive_secret(ROOT, "keyOOO"),
        b"",
    ]
    for secret in secrets:
        digest = hmac.digest(secret, message, "sha256")
        for signature in (digest[:16], digest, digest + digest, digest * 2):
            assert not is_good(join(key.key_id, body, signature), key)


@pytest.mark.parametrize("algorithm", ["E", "P"])
def test_signatures_of_other_lengths_are_refused(algorithm):
    key_id, body, signature = parts_of(sign(algorithm, CLAIMS))
    for other in (signature[:16], signature[:63], signature[:-1], bytes(64), b"\xff" * 64):
        assert not is_good(join(key_id, body, other), record(algorithm))


def test_a_p256_signature_has_one_spelling():
    key_id, body, _ = parts_of(sign("P", CLAIMS))
    r, s = raw_p256(signed_message(key_id, PROJECT, VIDEO, body))
    pack = lambda *parts: b"".join(part.to_bytes(32, "big") for part in parts)  # noqa: E731
    assert is_good(join(key_id, body, pack(r, s)), record("P"))
    for wrong in ((r, P256_ORDER - s), (0, s), (r, 0), (P256_ORDER, s), (r, P256_ORDER), (0, 0), (1, 1)):
        assert not is_good(join(key_id, body, pack(*wrong)), record("P"))


def test_an_ed25519_signature_has_one_spelling():
    order = 2**252 + 27742317777372353535851937790883648493
    key_id, body, signature = parts_of(sign("E", CLAIMS))
    s = int.from_bytes(signature[32:], "little")
    for more in range(1, 15):
        if s + more * order < 2**256:
            other = signature[:32] + (s + more * order).to_bytes(32, "little")
            assert not is_good(join(key_id, body, other), record("E"))


def test_another_pair_s_signature_is_refused():
    strange = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    assert is_good(sign("E", CLAIMS), record("E"))
    assert not is_good(sign("E", CLAIMS), record("E", public_key=pem_of(strange)))
    assert pem_of(strange) != pem_of(ED25519)


def test_random_signatures_are_refused():
    chance = random.Random(5)  # noqa: S311 - the same ones each time
    for algorithm in ALGORITHMS:
        key_id, body, signature = parts_of(sign(algorithm, CLAIMS))
        for _ in range(200):
            assert not is_good(join(key_id, body, chance.randbytes(len(signature))), record(algorithm))


def test_p256_signs_what_the_format_says():
    key_id, body, signature = parts_of(sign("P", CLAIMS))
    message = b"gilfoyle-play-v1\0keyPPP\0" + PROJECT.encode() + b"\0" + VIDEO.encode() + b"\0" + body
    assert signed_message(key_id, PROJECT, VIDEO, body) == message
    assert signature == sign_raw("P", message)
    assert pem_of(P256) == record("P").public_key
