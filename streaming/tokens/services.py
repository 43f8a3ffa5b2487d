"""Signing keys and the tokens that they sign: get or make a key, mint, revoke."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from streaming.tokens.claims import (
    SESSION_LENGTH,
    VIEWER_SCOPES,
    Claims,
    KeyRecord,
    Scope,
    derive_secret,
    hash_origin,
    sign_token,
)
from streaming.tokens.models import REVOKED, SigningKey
from streaming.tokens.selectors import as_record, find_active_key

PLAYS_OF_A_TOKEN = 3  # a viewer pauses, goes back, comes back


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How long tokens live, in seconds: at least where none is asked for, and at most."""

    min_ttl_s: int
    max_ttl_s: int


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What a token is to allow. `ttl_s` None: by the video's duration; origins in canonical spelling."""

    ttl_s: int | None = None
    max_height: int | None = None
    origins: tuple[str, ...] = ()
    scope: Scope = VIEWER_SCOPES


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A new token: its text and its end."""

    text: str
    expires_at: datetime


@transaction.atomic
def get_or_create_key(*, project_id: str, max_ttl_s: int) -> KeyRecord:
    """Return the project's newest active key that signs tokens of up to `max_ttl_s`, making one if there is none.

    Two callers at once may make two keys; both are good.
    """
    found = find_active_key(project_id, max_ttl_s=max_ttl_s)
    if found is not None:
        return found
    return as_record(SigningKey.objects.create(project_id=project_id, max_ttl_s=max_ttl_s))


def mint_token(
    *,
    project_id: str,
    video_id: str,
    duration_s: float | None,
    wish: TokenWish,
    limits: TokenLimits,
    root_secret: bytes,
    now: datetime,
) -> MintedToken:
    """Sign a playback token for one video, under the project's active key.

    Without a wish for a length it lives for three plays of the video, within the limits; a wish is cut to the longest.
    """
    key = get_or_create_key(project_id=project_id, max_ttl_s=limits.max_ttl_s)
    issued_at_s = int(now.timestamp())
    ttl_s = plan_ttl_s(wish.ttl_s, duration_s, limits)
    claims = Claims(
        scope=wish.scope,
        issued_at_s=issued_at_s,
        expires_at_s=issued_at_s + ttl_s,
        session=secrets.token_bytes(SESSION_LENGTH),
        origin_hashes=tuple(hash_origin(origin) for origin in wish.origins),
        max_height=wish.max_height,
    )
    secret = derive_secret(root_secret, key.key_id)
    text = sign_token(
        key_id=key.key_id, secret=secret, project_id=project_id, video_id=video_id, claims=claims
    )
    return MintedToken(text, datetime.fromtimestamp(claims.expires_at_s, UTC))


def plan_ttl_s(wanted_s: int | None, duration_s: float | None, limits: TokenLimits) -> int:
    """Return the life of a token in seconds."""
    if wanted_s is not None:
        return max(1, min(wanted_s, limits.max_ttl_s))
    plays_s = int(PLAYS_OF_A_TOKEN * (duration_s or 0))
    return max(limits.min_ttl_s, min(plays_s, limits.max_ttl_s))


@transaction.atomic
def revoke_key(*, key_id: str) -> bool:
    """End a key and with it every token that it signed, within a second; return whether there was such a key."""
    return SigningKey.objects.filter(pk=key_id).update(state=REVOKED) == 1
