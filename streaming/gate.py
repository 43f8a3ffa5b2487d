"""May this viewer have this file now? The single yes or no, for every playback path. Pure: facts in, decision out.

The checks stand in the order of the token format. A token whose signature is wrong gets one answer whatever else
is wrong with it, so that it tells nothing about keys or videos.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import FileClass, VideoAddress
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    PlaybackRefused,
    TokenExpired,
    TokenInvalid,
    VideoNotReady,
    VideoRestricted,
)
from streaming.tokens.claims import Claims, KeyRecord, Scope, Token, hash_origin

if TYPE_CHECKING:
    from videos.catalog.selectors import PlaybackPolicy

CLOCK_SKEW_S = 30
_SCOPE_OF = {
    FileClass.MEDIA: Scope.PLAY,
    FileClass.IMAGE: Scope.IMAGES,
    FileClass.CAPTION: Scope.CAPTIONS,
    FileClass.DOWNLOAD: Scope.DOWNLOAD,
}
_RUNG = re.compile(r"v([0-9]{1,5})(?:[a-z][a-z0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Site:
    """The web site that asks, as honest browsers tell. `origin` None: no site is known (an app, or our own page)."""

    origin: str | None = None
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a file of a class, of one rendition where it belongs to one."""

    video: VideoAddress
    file_class: FileClass = FileClass.MEDIA
    rendition: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes: for this video as it is now, until the token ends."""

    claims: Claims
    policy: PlaybackPolicy


def decide(
    wish: Wish,
    *,
    token: Token,
    key: KeyRecord | None,
    is_signature_valid: bool,
    policy: PlaybackPolicy | None,
    site: Site,
    now_s: float,
) -> Allowed | PlaybackRefused:
    """Decide about one request; `policy` is None where the video does not exist."""
    if key is None or key.state == "revoked":
        return TokenInvalid("key")
    refusal = _check_claims(token.claims, key, wish, site, now_s) or _check_policy(policy, wish, token.claims)
    if not is_signature_valid:
        return TokenInvalid("signature")
    if refusal is not None:
        return refusal
    asked = _revision_asked(policy, wish)
    return Allowed(token.claims, asked) if asked is not None else VideoNotReady("unknown")


def _revision_asked(policy: PlaybackPolicy | None, wish: Wish) -> PlaybackPolicy | None:
    """Return the policy of the revision that is wished for; players go on with the one that they began with."""
    revision = wish.video.revision
    return policy.as_of(revision) if policy is not None and revision is not None else policy


def _check_claims(
    claims: Claims, key: KeyRecord, wish: Wish, site: Site, now_s: float
) -> PlaybackRefused | None:
    time = _check_times(claims, key, now_s)
    if time is not None:
        return time
    wanted = _SCOPE_OF[wish.file_class]
    if not claims.scope & key.scope_mask & wanted:
        return PlaybackForbidden("scope")
    if key.project_id != wish.video.project_id:
        return TokenInvalid("project")
    return _check_limits(claims, wish, site)


def _check_limits(claims: Claims, wish: Wish, site: Site) -> PlaybackRefused | None:
    if claims.nonce is not None or claims.countries:
        # A limit that this server can't check is not ignored.
        return PlaybackForbidden("unsupported_limit")
    if not _is_site_allowed(claims, site):
        return PlaybackForbidden("origin")
    if wish.rendition is not None and exceeds_height(wish.rendition, claims.max_height):
        return PlaybackForbidden("max_height")
    return None


def _check_times(claims: Claims, key: KeyRecord, now_s: float) -> PlaybackRefused | None:
    if claims.issued_at_s > now_s + CLOCK_SKEW_S:
        return TokenInvalid("not_yet")
    if now_s >= claims.expires_at_s:
        return TokenExpired()
    if not 0 < claims.expires_at_s - claims.issued_at_s <= key.max_ttl_s:
        return TokenInvalid("ttl")
    if claims.issued_at_s < key.min_issued_at_s:
        return TokenInvalid("withdrawn")
    return None


def _check_policy(policy: PlaybackPolicy | None, wish: Wish, claims: Claims) -> PlaybackRefused | None:
    # A signer vouches for its own project's videos alone, so the row must name the same project.
    if policy is None or policy.project_id != wish.video.project_id:
        return VideoNotReady("unknown")
    if policy.project_suspended:
        return VideoRestricted("project_suspended")
    # A review token opens what is held for review, and nothing that was decided against.
    is_review = policy.restriction == "held" and Scope.REVIEW in claims.scope
    if policy.restriction != "none" and not is_review:
        return VideoRestricted(policy.restriction)
    if policy.status == "deleting" or not policy.playable:
        return VideoNotReady(policy.status)
    if _revision_asked(policy, wish) is None:
        return MediaNotFound("revision")
    return None


def _is_site_allowed(claims: Claims, site: Site) -> bool:
    if not claims.origin_hashes or not site.is_foreign:
        return True
    return site.origin is not None and hash_origin(site.origin) in claims.origin_hashes


def exceeds_height(rendition: str, max_height: int | None) -> bool:
    """Tell whether a video rung is larger than a token allows, by its name: `v720`, or `v720av1` (shortest side in pixels)."""
    rung = _RUNG.fullmatch(rendition)
    return rung is not None and max_height is not None and int(rung[1]) > max_height


def read_site(headers: Mapping[str, str], own_origin: str | None) -> Site:
    """Find the site that asks, from `Origin`, `Sec-Fetch-Site` and `Referer` (keys as written here).

    A request without any of them comes from no browser page (an app, a native player) and is not foreign.
    """
    fetch_site = headers.get("Sec-Fetch-Site", "")
    given = headers.get("Origin", "")
    if not given:
        if fetch_site not in {"cross-site", "same-site"}:
            return Site()
        # Media elements fetch without `Origin`; then only the referrer names the page.
        given = "/".join(headers.get("Referer", "").split("/", 3)[:3])
    origin = normalize_origin(given)
    return Site(origin, is_foreign=origin is None or origin != own_origin)
