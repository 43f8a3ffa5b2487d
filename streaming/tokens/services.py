"""Signing keys and the tokens that Gilfoyle signs: get or make a key, mint."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gilfoyle.lib.playback_settings import PlaybackSettings
from gilfoyle.lib.transactions import atomic
from streaming.errors import SessionNotRefreshable, TokenExpired
from streaming.tokens.claims import (
    SESSION_LENGTH,
    VIEWER_SCOPES,
    Claims,
    Clip,
    Entry,
    KeyRecord,
    Scope,
    Token,
    derive_secret,
    hash_group,
    hash_origin,
    sign_token,
)
from streaming.tokens.models import SigningKey
from streaming.tokens.selectors import as_record, find_active_key, get_key_record
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.audit.services import record

PLAYS_OF_A_TOKEN = 3  # a viewer pauses, goes back, comes back


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How long tokens live, in seconds: at least where none is asked for, and at most; and sessions at most."""

    min_ttl_s: int
    max_ttl_s: int
    max_session_s: int = 24 * 3600


def token_limits(playback: PlaybackSettings) -> TokenLimits:
    """Return the limits that the settings say."""
    return TokenLimits(playback.min_ttl_s, playback.max_ttl_s, playback.max_session_s)


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What a token is to allow; origins in canonical spelling, times in seconds since 1970.

    `ttl_s` None: by the video's duration; `session_ttl_s` None: no later token is to be had for it.
    """

    ttl_s: int | None = None
    max_height: int | None = None
    origins: tuple[str, ...] = ()
    scope: Scope = VIEWER_SCOPES
    not_before_s: int | None = None
    session_ttl_s: int | None = None
    group: str | None = None
    clip: Clip | None = None
    age_ok: bool = False
    country: str | None = None


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A new token: its text and what it says."""

    text: str
    claims: Claims

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.claims.expires_at_s, UTC)

    @property
    def session_expires_at(self) -> datetime:
        """When the session ends: later than the token where another may be had for it."""
        return datetime.fromtimestamp(self.claims.session_ends_at_s or self.claims.expires_at_s, UTC)


@atomic
def get_or_create_key(*, project_id: str, max_ttl_s: int) -> KeyRecord:
    """Return the project's newest active key that signs tokens of up to `max_ttl_s`, making one if there is none.

    Two callers at once may make two keys; both are good.
    """
    found = find_active_key(project_id, max_ttl_s=max_ttl_s)
    if found is not None:
        return found
    key = SigningKey.objects.create(project_id=project_id, max_ttl_s=max_ttl_s)
    if project_id not in INTERNAL_PROJECT_IDS:
        told = {"algorithm": key.algorithm, "max_ttl_s": max_ttl_s}
        record(
            "signing_key.created",
            object_type="signing_key",
            object_id=key.pk,
            project_id=project_id,
            data=told,
        )
    return as_record(key)


def mint_token(
    *,
    project_id: str,
    video_id: str,
    duration_s: float | None,
    wish: TokenWish,
    limits: TokenLimits,
    root_secret: bytes,
    now: datetime,
    signer: KeyRecord | None = None,
) -> MintedToken:
    """Sign a playback token for one video, under the project's active key or another of Gilfoyle's own.

    Without a wish for a length it lives for three plays of the video, within the limits; a wish is cut to the longest.
    """
    claims = plan_claims(wish, duration_s, limits, now_s=int(now.timestamp()))
    key = signer or get_or_create_key(project_id=project_id, max_ttl_s=limits.max_ttl_s)
    return _sign(claims, key, project_id=project_id, video_id=video_id, root_secret=root_secret)


def refresh_token(
    *,
    token: Token,
    project_id: str,
    video_id: str,
    duration_s: float | None,
    limits: TokenLimits,
    root_secret: bytes,
    now: datetime,
) -> MintedToken:
    """Sign a later token of the session that an admitted token belongs to, whoever signed that one.

    Raises: SessionNotRefreshable, TokenExpired.
    """
    signer = get_key_record(token.key_id)
    if signer is None:  # gone this very moment
        raise TokenExpired
    claims = plan_later_claims(token, signer, duration_s, limits, now_s=int(now.timestamp()))
    key = get_or_create_key(project_id=project_id, max_ttl_s=limits.max_ttl_s)
    return _sign(claims, key, project_id=project_id, video_id=video_id, root_secret=root_secret)


def _sign(
    claims: Claims, key: KeyRecord, *, project_id: str, video_id: str, root_secret: bytes
) -> MintedToken:
    secret = derive_secret(root_secret, key.key_id)
    text = sign_token(
        key_id=key.key_id, secret=secret, project_id=project_id, video_id=video_id, claims=claims
    )
    return MintedToken(text, claims)


def plan_claims(wish: TokenWish, duration_s: float | None, limits: TokenLimits, *, now_s: int) -> Claims:
    """Return what the first token of a new session says."""
    wait_s = max(0, (wish.not_before_s or now_s) - now_s)
    wanted_s = wish.ttl_s
    if wanted_s is None:
        wanted_s = wait_s + plan_ttl_s(None, duration_s, limits)
        wanted_s = min(wanted_s, wish.session_ttl_s or wanted_s)
    session_s = None if wish.session_ttl_s is None else min(wish.session_ttl_s, limits.max_session_s)
    return Claims(
        scope=wish.scope | (Scope.AGE if wish.age_ok else Scope(0)),
        issued_at_s=now_s,
        expires_at_s=now_s + plan_ttl_s(wanted_s, duration_s, limits),
        session=secrets.token_bytes(SESSION_LENGTH),
        origin_hashes=tuple(hash_origin(origin) for origin in wish.origins),
        tag=None if wish.group is None else hash_group(wish.group),
        max_height=wish.max_height,
        clip=wish.clip,
        country=wish.country,
        not_before_s=wish.not_before_s,
        session_ends_at_s=None if session_s is None else now_s + session_s,
    )


def plan_later_claims(
    token: Token, signer: KeyRecord, duration_s: float | None, limits: TokenLimits, *, now_s: int
) -> Claims:
    """Return what a later token of the same session says: nothing more than this one, but longer, up to the session's end.

    `signer` is the token's key, which bounds what is opened and how long a session lasts.

    Raises: SessionNotRefreshable, TokenExpired.
    """
    claims = token.claims
    longest_s = limits.max_session_s
    if signer.max_session_s is not None:
        longest_s = min(longest_s, signer.max_session_s)
    if claims.session_ends_at_s is None or not longest_s:
        raise SessionNotRefreshable
    end_s = min(claims.session_ends_at_s, claims.first_issued_at_s + longest_s)
    if now_s >= end_s:
        raise TokenExpired
    return replace(
        claims,
        scope=claims.scope & (signer.scope_mask | Scope.AGE),
        issued_at_s=now_s,
        expires_at_s=min(now_s + plan_ttl_s(None, duration_s, limits), end_s),
        session_ends_at_s=end_s,
        entry=_first_of(token, signer),
    )


def _first_of(token: Token, signer: KeyRecord) -> Entry:
    """Return the session's first token; what a consumer's own says of one before it is the consumer's word alone."""
    is_ours = signer.algorithm == "H"
    return (token.claims.entry if is_ours else None) or Entry(token.key_id, token.claims.issued_at_s)


def plan_ttl_s(wanted_s: int | None, duration_s: float | None, limits: TokenLimits) -> int:
    """Return the life of a token in seconds."""
    if wanted_s is not None:
        return max(1, min(wanted_s, limits.max_ttl_s))
    plays_s = int(PLAYS_OF_A_TOKEN * (duration_s or 0))
    return max(limits.min_ttl_s, min(plays_s, limits.max_ttl_s))
