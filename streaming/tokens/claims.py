"""Playback tokens, format gf1: `<kid>.<body>.<signature>`, both in unpadded base64url. Pure: bytes in, claims out.

The algorithm is a property of the key record and never of the token, so a token can't choose how it is checked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

from streaming.errors import TokenInvalid

VERSION = 1
KEY_ID_LENGTH = 6
SESSION_LENGTH = 8
MAX_TOKEN_LENGTH = 256
MAX_ORIGINS = 8
HMAC_SIGNATURE_LENGTH = 16
LATEST_TIME_S = 2**32 - 1
LATEST_CLIP_S = 4_294_967  # its times are milliseconds in 32 bits

_HEAD = struct.Struct(">BBII8s")
_SHAPE = re.compile(r"([0-9A-Za-z]{6})\.([0-9A-Za-z_-]{24,200})\.([0-9A-Za-z_-]{22,86})", re.ASCII)
_CLIP = struct.Struct(">II")
_TIME = struct.Struct(">I")
_ENTRY = struct.Struct(f">{KEY_ID_LENGTH}sI")
_KEY_ID = re.compile(rb"[0-9A-Za-z]{6}")
_DOMAIN = b"gilfoyle-play-v1\0"

ORIGIN_TLV, NONCE_TLV, TAG_TLV, MAX_HEIGHT_TLV, COUNTRIES_TLV, SESSION_END_TLV, COUNTRY_TLV = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
)
FIRST_CRITICAL_TLV = 128
CLIP_TLV, NOT_BEFORE_TLV, ENTRY_TLV = 128, 129, 130
CRITICAL_TLVS = frozenset({CLIP_TLV, NOT_BEFORE_TLV, ENTRY_TLV})
ORIGIN_HASH_LENGTH = 8
NONCE_LENGTH = 16
TAG_LENGTH = 8

Algorithm = Literal["H", "E", "P"]
KeyState = Literal["active", "retiring", "revoked"]


class Scope(IntFlag):
    """What a token opens."""

    PLAY = 1
    KEY = 2
    IMAGES = 4
    CAPTIONS = 8
    DOWNLOAD = 16
    REVIEW = 32
    AGE = 64


ALL_SCOPES = Scope(127)
VIEWER_SCOPES = Scope.PLAY | Scope.KEY | Scope.IMAGES | Scope.CAPTIONS


@dataclass(frozen=True, slots=True)
class Clip:
    """The stretch of a video that a token opens, in milliseconds of its time: from `start_ms` up to `end_ms`."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The token that a session began with: who signed it, and when (seconds since 1970)."""

    key_id: str
    issued_at_s: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; times in seconds since 1970. Hashes are cut SHA-256, see `hash_origin`."""

    scope: Scope
    issued_at_s: int
    expires_at_s: int
    session: bytes
    origin_hashes: tuple[bytes, ...] = ()
    nonce: bytes | None = None
    tag: bytes | None = None
    max_height: int | None = None
    countries: tuple[str, ...] = ()
    clip: Clip | None = None
    not_before_s: int | None = None
    session_ends_at_s: int | None = None  # until then a token may be had for a later one of the same session
    country: str | None = (
        None  # where its maker says that the viewer is; opens nothing, and is no limit by itself
    )
    entry: Entry | None = None  # of tokens that were had for another one

    @property
    def first_issued_at_s(self) -> int:
        """When the session began: what was withdrawn does not come back by being refreshed."""
        return self.issued_at_s if self.entry is None else min(self.issued_at_s, self.entry.issued_at_s)


@dataclass(frozen=True, slots=True)
class Token:
    """A well-formed token; nothing is proven yet."""

    key_id: str
    body: bytes
    signature: bytes
    claims: Claims


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A signing key as the gate needs it."""

    key_id: str
    project_id: str
    algorithm: Algorithm
    scope_mask: Scope
    max_ttl_s: int
    min_issued_at_s: int
    state: KeyState
    public_key: str = ""  # PEM; empty for H, whose secret is derived
    max_session_s: int | None = None  # of sessions that begin with its tokens; None: as the settings say
    retired_at_s: int | None = None  # signs no more: tokens issued later are refused


def derive_secret(root_secret: bytes, key_id: str) -> bytes:
    """Return the 32-byte secret of an H key, so that none is stored."""
    return hmac.digest(root_secret, b"gilfoyle-signing-key\0" + key_id.encode(), "sha256")


def sign_token(*, key_id: str, secret: bytes, project_id: str, video_id: str, claims: Claims) -> str:
    """Return the token's text for one video.

    Raises: ValueError for claims that the format can't hold.
    """
    body = encode_claims(claims)
    signature = _sign(secret, key_id, project_id, video_id, body)
    token = f"{key_id}.{_to_base64(body)}.{_to_base64(signature)}"
    if not _SHAPE.fullmatch(token) or len(token) > MAX_TOKEN_LENGTH:
        message = "The claims make too long a token."
        raise ValueError(message)
    return token


def is_signed_by(token: Token, *, secret: bytes, project_id: str, video_id: str) -> bool:
    """Tell, in constant time, whether an H key with this secret signed the token for this video."""
    wanted = _sign(secret, token.key_id, project_id, video_id, token.body)
    return hmac.compare_digest(wanted, token.signature)


def _sign(secret: bytes, key_id: str, project_id: str, video_id: str, body: bytes) -> bytes:
    message = signed_message(key_id, project_id, video_id, body)
    return hmac.digest(secret, message, "sha256")[:HMAC_SIGNATURE_LENGTH]


def signed_message(key_id: str, project_id: str, video_id: str, body: bytes) -> bytes:
    """Return the bytes that are signed, whatever the algorithm."""
    return _DOMAIN + b"\0".join([key_id.encode(), project_id.encode(), video_id.encode(), body])


def parse_token(text: str) -> Token:
    """Read a token's text: shape, version and claims.

    Raises: TokenInvalid for anything but the one canonical spelling of a token.
    """
    match = _SHAPE.fullmatch(text) if len(text) <= MAX_TOKEN_LENGTH else None
    if match is None:
        raise TokenInvalid("shape")
    key_id, body_text, signature_text = match.groups()
    body, signature = _from_base64(body_text), _from_base64(signature_text)
    return Token(key_id, body, signature, decode_claims(body))


def encode_claims(claims: Claims) -> bytes:
    """Return the token's body.

    Raises: ValueError for claims that the format can't hold.
    """
    times = (claims.issued_at_s, claims.expires_at_s)
    if not all(0 <= time_s <= LATEST_TIME_S for time_s in times) or len(claims.session) != SESSION_LENGTH:
        message = "Times must fit 32 bits and the session 8 bytes."
        raise ValueError(message)
    body = _HEAD.pack(VERSION, claims.scope, *times, claims.session)
    message = "The format can't hold these claims."
    try:
        for kind, value in _tlvs(claims):
            body += bytes((kind, len(value))) + value  # the length is one byte, numbers two or four
    except (struct.error, ValueError):
        raise ValueError(message) from None
    if not _is_readable_as(body, claims):
        raise ValueError(message)
    return body


def _is_readable_as(body: bytes, claims: Claims) -> bool:
    try:
        return decode_claims(body) == claims
    except TokenInvalid:
        return False


def _tlvs(claims: Claims) -> list[tuple[int, bytes]]:
    tlvs: list[tuple[int, bytes]] = []
    if claims.origin_hashes:
        tlvs.append((ORIGIN_TLV, b"".join(claims.origin_hashes)))
    if claims.nonce is not None:
        tlvs.append((NONCE_TLV, claims.nonce))
    if claims.tag is not None:
        tlvs.append((TAG_TLV, claims.tag))
    if claims.max_height is not None:
        tlvs.append((MAX_HEIGHT_TLV, struct.pack(">H", claims.max_height)))
    if claims.countries:
        tlvs.append((COUNTRIES_TLV, "".join(claims.countries).encode("ascii")))
    if claims.session_ends_at_s is not None:
        tlvs.append((SESSION_END_TLV, _TIME.pack(claims.session_ends_at_s)))
    if claims.country is not None:
        tlvs.append((COUNTRY_TLV, claims.country.encode("ascii")))
    return [*tlvs, *_critical_tlvs(claims)]


def _critical_tlvs(claims: Claims) -> list[tuple[int, bytes]]:
    """Return the claims that a reader who does not know them must not pass over."""
    tlvs: list[tuple[int, bytes]] = []
    if claims.clip is not None:
        tlvs.append((CLIP_TLV, _CLIP.pack(claims.clip.start_ms, claims.clip.end_ms)))
    if claims.not_before_s is not None:
        tlvs.append((NOT_BEFORE_TLV, _TIME.pack(claims.not_before_s)))
    if claims.entry is not None:
        entry = claims.entry
        tlvs.append((ENTRY_TLV, _ENTRY.pack(entry.key_id.encode("ascii"), entry.issued_at_s)))
    return tlvs


def decode_claims(body: bytes) -> Claims:
    """Read a token's body.

    Raises: TokenInvalid for another version, unknown scopes, broken or unknown critical claims.
    """
    if len(body) < _HEAD.size:
        raise TokenInvalid("shape")
    version, scope, issued_at_s, expires_at_s, session = _HEAD.unpack_from(body)
    if version != VERSION:
        raise TokenInvalid("version")
    if scope & ~int(ALL_SCOPES):
        raise TokenInvalid("scope_unknown")
    tlvs = _split_tlvs(body[_HEAD.size :])
    return Claims(
        scope=Scope(scope),
        issued_at_s=issued_at_s,
        expires_at_s=expires_at_s,
        session=session,
        origin_hashes=_split_evenly(tlvs.get(ORIGIN_TLV), ORIGIN_HASH_LENGTH, MAX_ORIGINS),
        nonce=_of_length(tlvs.get(NONCE_TLV), NONCE_LENGTH),
        tag=_of_length(tlvs.get(TAG_TLV), TAG_LENGTH),
        max_height=_number(tlvs.get(MAX_HEIGHT_TLV), 2),
        countries=_countries(tlvs.get(COUNTRIES_TLV)),
        clip=_clip(tlvs.get(CLIP_TLV)),
        not_before_s=_number(tlvs.get(NOT_BEFORE_TLV), _TIME.size),
        session_ends_at_s=_number(tlvs.get(SESSION_END_TLV), _TIME.size),
        entry=_entry(tlvs.get(ENTRY_TLV)),
        country=_country(tlvs.get(COUNTRY_TLV)),
    )


def _split_tlvs(rest: bytes) -> dict[int, bytes]:
    tlvs: dict[int, bytes] = {}
    while rest:
        if len(rest) < 2 or len(rest) < 2 + rest[1]:
            raise TokenInvalid("claim_cut")
        kind, value, rest = rest[0], rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        if kind in tlvs:
            raise TokenInvalid("claim_twice")
        if kind >= FIRST_CRITICAL_TLV and kind not in CRITICAL_TLVS:
            raise TokenInvalid("claim_unknown")
        tlvs[kind] = value
    return tlvs


def _exactly(value: bytes, length: int) -> bytes:
    if len(value) != length:
        raise TokenInvalid("claim_length")
    return value


def _of_length(value: bytes | None, length: int) -> bytes | None:
    return None if value is None else _exactly(value, length)


def _number(value: bytes | None, length: int) -> int | None:
    return None if value is None else int.from_bytes(_exactly(value, length), "big")


def _split_evenly(value: bytes | None, length: int, most: int) -> tuple[bytes, ...]:
    if value is None:
        return ()
    if not value or len(value) % length or len(value) > length * most:
        raise TokenInvalid("claim_length")
    return tuple(value[at : at + length] for at in range(0, len(value), length))


def _countries(value: bytes | None) -> tuple[str, ...]:
    codes = _split_evenly(value, 2, 127)
    if not all(re.fullmatch(rb"[A-Z]{2}", code) for code in codes):
        raise TokenInvalid("claim_content")
    return tuple(code.decode("ascii") for code in codes)


def _country(value: bytes | None) -> str | None:
    if value is None:
        return None
    (country,) = _countries(_exactly(value, 2))
    return country


def _clip(value: bytes | None) -> Clip | None:
    if value is None:
        return None
    clip = Clip(*_CLIP.unpack(_exactly(value, _CLIP.size)))
    if clip.start_ms >= clip.end_ms:
        raise TokenInvalid("claim_content")
    return clip


def _entry(value: bytes | None) -> Entry | None:
    if value is None:
        return None
    key_id, issued_at_s = _ENTRY.unpack(_exactly(value, _ENTRY.size))
    if not _KEY_ID.fullmatch(key_id):
        raise TokenInvalid("claim_content")
    return Entry(key_id.decode("ascii"), issued_at_s)


def _to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:  # one character too many
        raise TokenInvalid("base64") from None
    # Spare bits in the last character would give one token several spellings.
    if _to_base64(data) != text:
        raise TokenInvalid("base64")
    return data


def hash_origin(origin: str) -> bytes:
    """Return the 8 bytes that stand for a canonical origin in a token."""
    return hashlib.sha256(origin.encode()).digest()[:ORIGIN_HASH_LENGTH]


def session_label(token: Token) -> str:
    """Return what logs may say of a token: its key, and 4 bytes of its session's hash."""
    return f"{token.key_id}~{hashlib.sha256(token.claims.session).hexdigest()[:8]}"


def hash_group(group: str) -> bytes:
    """Return the 8 bytes that stand in a token for a group that its maker named."""
    return hashlib.sha256(b"gfg1\0" + group.encode()).digest()[:TAG_LENGTH]
