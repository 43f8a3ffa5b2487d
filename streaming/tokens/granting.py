"""A token for a viewer of one video, or why there is none: what the API's `playback`, the admin and `sign_token` share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Conflict
from streaming.errors import (
    AgeNotConfirmed,
    ClipsNotKept,
    CountryNeeded,
    SigningKeyRevoked,
    VideoIsRestricted,
    VideoNotPlayable,
    VideoNotReady,
)
from streaming.tokens.claims import KeyRecord
from streaming.tokens.models import ACTIVE, REVOKED
from streaming.tokens.selectors import as_record, get_key
from streaming.tokens.services import MintedToken, TokenLimits, TokenWish, mint_token
from videos.catalog.selectors import PlaybackPolicy, get_playback_policy
from videos.errors import ProjectSuspended


@dataclass(frozen=True, slots=True)
class Granted:
    """A new token, and what was known of its video when it was signed."""

    token: MintedToken
    policy: PlaybackPolicy


def grant_playback(
    *,
    video_id: str,
    wish: TokenWish,
    limits: TokenLimits,
    config: Config,
    root_secret: bytes,
    now: datetime,
    signer: KeyRecord | None = None,
) -> Granted:
    """Sign a token for a video that can be played as it is wished, under the project's active key or the one given.

    Raises: VideoNotReady, ProjectSuspended, VideoIsRestricted, VideoNotPlayable, ClipsNotKept, AgeNotConfirmed, CountryNeeded.
    """
    policy = playable_policy(video_id)
    if wish.clip is not None:
        require_clips(config, policy)
    _require_terms(policy, wish)
    token = mint_token(
        project_id=policy.project_id,
        video_id=policy.video_id,
        duration_s=policy.duration_s,
        wish=wish,
        limits=limits,
        root_secret=root_secret,
        now=now,
        signer=signer,
    )
    return Granted(token, policy)


def get_signer(*, project_id: str, key_id: str) -> KeyRecord:
    """Return one of the project's keys with which Gilfoyle signs.

    Raises: SigningKeyNotFound, SigningKeyRevoked; Conflict for one that signs no (more) tokens here.
    """
    key = get_key(project_id=project_id, key_id=key_id)
    if not key.is_own:
        message = "Nothing can be signed with this key here: its private half is the consumer's."
        raise Conflict(message, hint="Name one of Gilfoyle's own, or none.")
    if key.state == REVOKED:
        message = "This signing key is revoked."
        raise SigningKeyRevoked(message, hint="Name another one, or none.")
    if key.state != ACTIVE:
        message = "This signing key is retiring: it signs no more."
        raise Conflict(message, hint="Name another one, or none.")
    return as_record(key)


def require_clips(config: Config, policy: PlaybackPolicy) -> None:
    """See that a token for a part of a video can be kept to it.

    Raises: ClipsNotKept.
    """
    if config.may_others_read(is_encrypted=policy.is_encrypted):
        message = (
            "No clips of this video can be made: others can read its files, and its key opens all of them."
        )
        hint = "Clips need files that Gilfoyle alone can give away (storage.is_public, playback.cdn_url)."
        raise ClipsNotKept(message, hint=hint)


def _require_terms(policy: PlaybackPolicy, wish: TokenWish) -> None:
    """Refuse a token that could open nothing, in words that say what to ask for.

    Raises: AgeNotConfirmed, CountryNeeded, VideoIsRestricted.
    """
    if policy.needs_age and not wish.age_ok:
        message = "This video has an age label."
        raise AgeNotConfirmed(message, hint="Send age_ok: true for viewers who are old enough.")
    if policy.blocked_countries and wish.country is None:
        message = f"This video is blocked in {', '.join(policy.blocked_countries)}."
        raise CountryNeeded(message, hint="Send the viewer's country, as in DE.")
    if wish.country in policy.blocked_countries:
        message = f"This video is blocked in {wish.country}."
        raise VideoIsRestricted(message, restriction="country")


def playable_policy(video_id: str) -> PlaybackPolicy:
    """Return what is known of a video that can be played now.

    Raises: VideoNotReady, ProjectSuspended, VideoIsRestricted, VideoNotPlayable.
    """
    policy = get_playback_policy(video_id)
    if policy is None:  # deleted a moment ago
        raise VideoNotReady("unknown")
    if policy.project_suspended:
        message = "This video's project is suspended: nothing of it plays."
        raise ProjectSuspended(message)
    if policy.restriction != "none":
        message = "This video is restricted and can't be played."
        raise VideoIsRestricted(message, restriction=policy.restriction)
    if not policy.playable:
        message = "This video can't be played yet."
        hint = (
            "Wait until `playable` is true."
            if policy.status != "failed"
            else "Processing failed; see `failure`."
        )
        raise VideoNotPlayable(message, hint=hint, status=policy.status)
    return policy
