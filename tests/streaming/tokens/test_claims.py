from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import TokenInvalid
from streaming.tokens.claims import (
    MAX_TOKEN_LENGTH,
    Claims,
    Clip,
    Entry,
    Scope,
    decode_claims,
    derive_secret,
    encode_claims,
    hash_group,
    hash_origin,
    is_signed_by,
    parse_token,
    session_label,
    sign_token,
)

SECRET = derive_secret(b"root", "abc123")
PROJECT, VIDEO = "m4x0q7c2h9ab", "vid_" + "a" * 18
CLAIMS = Claims(Scope.PLAY | Scope.IMAGES, 1_700_000_000, 1_700_003_600, b"8 bytes!")
FULL = dataclasses.replace(
    CLAIMS,
    origin_hashes=(b"12345678", b"abcdefgh"),
    nonce=b"n" * 16,
    tag=b"t" * 8,
    max_height=720,
    countries=("DE", "FR"),
    clip=Clip(1_500, 61_000),
    not_before_s=1_700_000_600,
    session_ends_at_s=1_700_086_400,
    entry=Entry("zyx987", 1_699_999_999),
)

claims_strategy = st.builds(
    Claims,
    scope=st.integers(0, 127).map(Scope),
    issued_at_s=st.integers(0, 2**32 - 1),
    expires_at_s=st.integers(0, 2**32 - 1),
    session=st.binary(min_size=8, max_size=8),
    origin_hashes=st.lists(st.binary(min_size=8, max_size=8), max_size=4).map(tuple),
    nonce=st.none() | st.binary(min_size=16, max_size=16),
    tag=st.none() | st.binary(min_size=8, max_size=8),
    max_height=st.none() | st.integers(0, 65535),
    countries=st.lists(st.text("ABCXYZ", min_size=2, max_size=2), max_size=5).map(tuple),
    clip=st.none()
    | st.tuples(st.integers(0, 2**31), st.integers(1, 2**31 - 1)).map(lambda pair: Clip(pair[0], sum(pair))),
    not_before_s=st.none() | st.integers(0, 2**32 - 1),
    session_ends_at_s=st.none() | st.integers(0, 2**32 - 1),
    entry=st.none() | st.builds(Entry, st.text("aZ9", min_size=6, max_size=6), st.integers(0, 2**32 - 1)),
)


def sign(
    claims: Claims = CLAIMS, *, secret: bytes = SECRET, project: str = PROJECT, video: str = VIDEO
) -> str:
    return sign_token(key_id="abc123", secret=secret, project_id=project, video_id=video, claims=claims)


def is_good(text: str, *, project: str = PROJECT, video: str = VIDEO) -> bool:
    try:
        token = parse_token(text)
    except TokenInvalid:
        return False
    return token.key_id == "abc123" and is_signed_by(token, secret=SECRET, project_id=project, video_id=video)


def test_format_is_the_documented_one():
    # Written by hand from the format's description: head, then the claims in order of their type.
    body = bytes.fromhex("01 05 6553f100 6553ff10") + b"8 bytes!"
    tlvs = b"\x01\x1012345678abcdefgh" + b"\x02\x10" + b"n" * 16 + b"\x03\x08" + b"t" * 8
    assert encode_claims(CLAIMS) == body
    assert encode_claims(FULL) == body + tlvs + b"\x04\x02\x02\xd0" + b"\x05\x04DEFR" + bytes.fromhex(
        "06 04 65554280  80 08 000005dc 0000ee48  81 04 6553f358  82 0a 7a7978393837 6553f0ff"
    )


def test_signature_covers_what_the_format_says():
    key_id, body, signature = sign().split(".")
    raw = base64.urlsafe_b64decode(body + "==="[: -len(body) % 4])
    message = b"gilfoyle-play-v1\0abc123\0" + PROJECT.encode() + b"\0" + VIDEO.encode() + b"\0" + raw
    wanted = hmac.new(SECRET, message, hashlib.sha256).digest()[:16]
    assert key_id == "abc123"
    assert base64.urlsafe_b64decode(signature + "==") == wanted
    assert len(sign()) == 54


def test_secret_is_derived_from_root_and_key_id():
    assert (
        derive_secret(b"root", "abc123")
        == hmac.new(b"root", b"gilfoyle-signing-key\0abc123", hashlib.sha256).digest()
    )
    assert (
        len(
            {
                derive_secret(b"root", "abc123"),
                derive_secret(b"root", "abc124"),
                derive_secret(b"other", "abc123"),
            }
        )
        == 3
    )


@given(claims_strategy)
def test_any_claims_come_back(claims):
    text = sign(claims)
    token = parse_token(text)
    assert token.claims == claims
    assert is_good(text)
    assert len(text) <= MAX_TOKEN_LENGTH


@pytest.mark.parametrize("claims", [CLAIMS, FULL])
def test_each_flipped_bit_is_refused(claims):
    text = sign(claims)
    assert is_good(text)
    for at, character in enumerate(text):
        for bit in range(7):
            flipped = text[:at] + chr(ord(character) ^ 1 << bit) + text[at + 1 :]
            assert not is_good(flipped), (at, bit)


def test_each_flipped_bit_of_body_and_signature_is_refused():
    key_id, *parts = sign(FULL).split(".")
    decoded = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
    for which in (0, 1):
        for at in range(len(decoded[which]) * 8):
            changed = bytearray(decoded[which])
            changed[at // 8] ^= 1 << at % 8
            pair = [bytes(changed) if one == which else decoded[one] for one in (0, 1)]
            text = ".".join([key_id, *(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in pair)])
            assert not is_good(text)


def test_token_counts_for_one_key_project_and_video():
    assert not is_good(sign(), project="m4x0q7c2h9ac")
    assert not is_good(sign(), video="vid_" + "b" * 18)
    assert not is_good(sign(secret=derive_secret(b"root", "abc124")))
    assert not is_good("abc124" + sign()[6:])
    # The zero bytes between the parts: none can lend a letter to its neighbour.
    assert not is_good(sign(project=PROJECT + "v", video=VIDEO[1:]))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "=",
        lambda text: text + "A",
        lambda text: text[:-1],
        lambda text: text.replace(".", ".A", 1),
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: text.replace(".", "", 1),
        lambda text: text + ".x",
        lambda text: text.replace("a", "\uff41", 1),
        lambda text: text.upper(),
        lambda text: text + "A" * MAX_TOKEN_LENGTH,
        lambda text: text[:0],
    ],
)
def test_other_spellings_are_refused(change):
    assert not is_good(change(sign()))


def test_spare_bits_of_base64_must_be_zero():
    text = sign()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(text[-1])
    spelt = [
        text[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ low]
        for low in range(16)
    ]
    # All sixteen decode to the same sixteen bytes; one spelling counts.
    assert len({base64.urlsafe_b64decode(one.split(".")[2] + "==") for one in spelt}) == 1
    assert [one for one in spelt if is_good(one)] == [text]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (encode_claims(CLAIMS)[:-1], "shape"),
        (b"\x02" + encode_claims(CLAIMS)[1:], "version"),
        (b"\x01\x80" + encode_claims(CLAIMS)[2:], "scope_unknown"),
        (encode_claims(CLAIMS) + b"\x83\x00", "claim_unknown"),
        (encode_claims(CLAIMS) + b"\x82\x00", "claim_length"),
        (encode_claims(CLAIMS) + b"\x82\x0aab\x00def" + bytes(4), "claim_content"),
        (encode_claims(CLAIMS) + b"\x06\x05" + bytes(5), "claim_length"),
        (encode_claims(CLAIMS) + b"\x80\x00", "claim_length"),
        (encode_claims(CLAIMS) + b"\x80\x09" + bytes(8) + b"\x01", "claim_length"),
        (encode_claims(CLAIMS) + b"\x80\x08" + bytes(8), "claim_content"),
        (encode_claims(CLAIMS) + b"\x80\x08" + bytes(3) + b"\x02" + bytes(3) + b"\x01", "claim_content"),
        (encode_claims(CLAIMS) + b"\x81\x03\x00\x00\x00", "claim_length"),
        (encode_claims(CLAIMS) + b"\x81\x04\x00\x00\x00\x00" * 2, "claim_twice"),
        (encode_claims(CLAIMS) + b"\xff\x01x", "claim_unknown"),
        (encode_claims(CLAIMS) + b"\x01", "claim_cut"),
        (encode_claims(CLAIMS) + b"\x01\x08short", "claim_cut"),
        (encode_claims(CLAIMS) + b"\x04\x02\x01\x00" * 2, "claim_twice"),
        (encode_claims(CLAIMS) + b"\x01\x00", "claim_length"),
        (encode_claims(CLAIMS) + b"\x01\x07" + b"x" * 7, "claim_length"),
        (encode_claims(CLAIMS) + b"\x01\x48" + b"x" * 72, "claim_length"),
        (encode_claims(CLAIMS) + b"\x02\x0f" + b"x" * 15, "claim_length"),
        (encode_claims(CLAIMS) + b"\x03\x09" + b"x" * 9, "claim_length"),
        (encode_claims(CLAIMS) + b"\x04\x01\x01", "claim_length"),
        (encode_claims(CLAIMS) + b"\x05\x03DEF", "claim_length"),
        (encode_claims(CLAIMS) + b"\x05\x02de", "claim_content"),
    ],
)
def test_broken_bodies_are_refused(body, reason):
    with pytest.raises(TokenInvalid) as refused:
        decode_claims(body)
    assert refused.value.facts["reason"] == reason


def test_unknown_uncritical_claim_is_passed_over():
    assert decode_claims(encode_claims(CLAIMS) + b"\x7f\x03abc") == CLAIMS


@given(st.binary(max_size=120))
def test_any_bytes_are_claims_or_refused(body):
    try:
        claims = decode_claims(body)
    except TokenInvalid:
        return
    assert decode_claims(encode_claims(claims)) == claims


@given(st.text(max_size=300) | st.text("AZaz09._-", max_size=300))
def test_any_text_is_a_token_or_refused(text):
    try:
        parse_token(text)
    except TokenInvalid:
        return


@pytest.mark.parametrize(
    "wrong",
    [
        {"issued_at_s": -1},
        {"expires_at_s": 2**32},
        {"session": b"short"},
        {"origin_hashes": (b"1234567",)},
        {"origin_hashes": (b"12345678",) * 9},
        {"countries": ("deu",)},
        {"countries": ("DEF", "R")},
        {"countries": ("DE",) * 128},
        {"tag": b""},
        {"max_height": 65_536},
        {"clip": Clip(5, 5)},
        {"clip": Clip(-1, 5)},
        {"clip": Clip(0, 2**32)},
        {"not_before_s": 2**32},
        {"not_before_s": -1},
        {"session_ends_at_s": 2**32},
        {"entry": Entry("short", 1)},
        {"entry": Entry("toolong", 1)},
        {"entry": Entry("f\xfcnf12", 1)},
    ],
)
def test_claims_that_the_format_cannot_hold_are_not_signed(wrong):
    with pytest.raises(ValueError, match=r"long|fit|hold"):
        sign(dataclasses.replace(CLAIMS, **wrong))


def test_token_never_grows_too_long():
    with pytest.raises(ValueError, match="too long"):
        sign(dataclasses.replace(FULL, countries=("DE",) * 50))


def test_origin_hash_is_eight_bytes_of_sha256():
    assert hash_origin("https://example.org").hex() == "50d7a905e3046b88"


def test_label_for_logs_tells_key_and_hash_alone():
    token = parse_token(sign())
    key_id, _, label = session_label(token).partition("~")
    assert key_id == "abc123"
    assert len(label) == 8
    assert label not in sign()
    assert session_label(token) == session_label(
        parse_token(sign(dataclasses.replace(CLAIMS, scope=Scope.PLAY)))
    )


def test_group_hash_is_eight_bytes_of_sha256():
    assert hash_group("team-7") == hashlib.sha256(b"gfg1\0team-7").digest()[:8]


def test_a_session_is_as_old_as_the_token_that_it_began_with():
    assert CLAIMS.first_issued_at_s == CLAIMS.issued_at_s
    assert FULL.first_issued_at_s == 1_699_999_999
    younger = dataclasses.replace(CLAIMS, entry=Entry("abc123", CLAIMS.issued_at_s + 5))
    assert younger.first_issued_at_s == CLAIMS.issued_at_s
