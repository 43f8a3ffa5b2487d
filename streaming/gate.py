"""May this viewer have this file now? The single yes or no, for every playback path. Pure: facts in, decision out.

The checks stand in the order of the token format, each with a name: trace.py shows them to whoever asks why. A token
whose signature is wrong gets one answer whatever else is wrong with it, so that it tells nothing about keys or videos.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import FileClass, StoredFile, VideoAddress
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    PlaybackRefused,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
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
    FileClass.KEY: Scope.KEY,
}
_RUNG = re.compile(r"v([0-9]{1,5})(?:[a-z][a-z0-9]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Site:
    """The web site that asks, as honest browsers tell. `origin` None: no site is known (an app, or our own page)."""

    origin: str | None = None
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a file of a class, of one rendition where it belongs to one.

    `segment`: the number of a segment, of media or of text. `is_of_all`: it shows moments of the whole video, whatever
    part of it a token is for.
    """

    video: VideoAddress
    file_class: FileClass = FileClass.MEDIA
    rendition: str | None = None
    segment: int | None = None
    is_of_all: bool = False

    @classmethod
    def of(cls, file: StoredFile, video: VideoAddress | None = None) -> Wish:
        """Return the wish for a stored file, perhaps of another video than its address names."""
        is_picture = file.image is not None
        return cls(video or file.video, file.file_class, file.rendition, file.number, is_of_all=is_picture)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes: for this video as it is now, until the token ends."""

    claims: Claims
    policy: PlaybackPolicy


@dataclass(frozen=True, slots=True)
class Known:
    """What is known here of a token's key and video; None: there is no such.

    `revoked`: the kind of a revocation that concerns the token (revocations/denials.py). `entry_key`: of the token that
    the session began with, where this is a later one. `opened`: the numbers of the segments that the token's clip opens
    where one of them is asked for. `is_open_elsewhere`: the objects can be read by others, as far as they have keys.
    """

    key: KeyRecord | None
    is_signature_valid: bool = False
    policy: PlaybackPolicy | None = None
    revoked: str | None = None
    entry_key: KeyRecord | None = None
    opened: range = range(0)
    is_open_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision stands on; `policy` is None where the video does not exist."""

    wish: Wish
    claims: Claims
    key: KeyRecord
    policy: PlaybackPolicy | None
    site: Site
    now_s: float
    revoked: str | None = None
    entry_key: KeyRecord | None = None
    opened: range = range(0)
    is_open_elsewhere: bool = False

    @classmethod
    def of(cls, wish: Wish, claims: Claims, key: KeyRecord, known: Known, site: Site, now_s: float) -> Facts:
        """Put together what is asked, said and known."""
        return cls(
            wish,
            claims,
            key,
            known.policy,
            site,
            now_s,
            known.revoked,
            known.entry_key,
            known.opened,
            known.is_open_elsewhere,
        )

    @property
    def scope(self) -> Scope:
        """What token and key open together: a signer can't give itself more than its key has."""
        return self.claims.scope & self.key.scope_mask


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: its stable name, what holds in words, and what is answered where it does not."""

    name: str
    holds: str
    find_fault: Callable[[Facts], PlaybackRefused | None]


def decide(wish: Wish, *, token: Token, known: Known, site: Site, now_s: float) -> Allowed | PlaybackRefused:
    """Decide about one request."""
    key, policy = known.key, known.policy
    if key is None or key.state == "revoked":
        return TokenInvalid("key")
    if not known.is_signature_valid:
        return TokenInvalid("signature")
    facts = Facts.of(wish, token.claims, key, known, site, now_s)
    for check in CHECKS:
        refusal = check.find_fault(facts)
        if refusal is not None:
            return refusal
    asked = _revision_asked(policy, wish)
    claims = token.claims if facts.scope == token.claims.scope else replace(token.claims, scope=facts.scope)
    return Allowed(claims, asked) if asked is not None else VideoNotReady("unknown")


def _revision_asked(policy: PlaybackPolicy | None, wish: Wish) -> PlaybackPolicy | None:
    """Return the policy of the revision that is wished for; players go on with the one that they began with."""
    revision = wish.video.revision
    return policy.as_of(revision) if policy is not None and revision is not None else policy


def _check_issue(facts: Facts) -> PlaybackRefused | None:
    return TokenInvalid("not_yet") if facts.claims.issued_at_s > facts.now_s + CLOCK_SKEW_S else None


def _check_end(facts: Facts) -> PlaybackRefused | None:
    return TokenExpired() if facts.now_s >= facts.claims.expires_at_s else None


def _check_life(facts: Facts) -> PlaybackRefused | None:
    life_s = facts.claims.expires_at_s - facts.claims.issued_at_s
    return None if 0 < life_s <= facts.key.max_ttl_s else TokenInvalid("ttl")


def _check_withdrawal(facts: Facts) -> PlaybackRefused | None:
    is_withdrawn = _is_withdrawn(facts.claims.issued_at_s, facts.key)
    return TokenInvalid("withdrawn") if is_withdrawn else None


def _is_withdrawn(issued_at_s: int, key: KeyRecord) -> bool:
    is_late = key.retired_at_s is not None and issued_at_s > key.retired_at_s
    return issued_at_s < key.min_issued_at_s or is_late


def _check_revocation(facts: Facts) -> PlaybackRefused | None:
    return None if facts.revoked is None else TokenInvalid(f"revoked_{facts.revoked}")


def _check_entry(facts: Facts) -> PlaybackRefused | None:
    entry, key = facts.claims.entry, facts.entry_key
    if entry is None:
        return None
    is_usable = key is not None and key.state != "revoked" and key.project_id == facts.key.project_id
    is_good = is_usable and key is not None and not _is_withdrawn(entry.issued_at_s, key)
    return None if is_good else TokenInvalid("entry")


def _check_begin(facts: Facts) -> PlaybackRefused | None:
    begin_s = facts.claims.not_before_s
    return TokenNotYetValid() if begin_s is not None and facts.now_s < begin_s else None


def _check_scope(facts: Facts) -> PlaybackRefused | None:
    opens = facts.scope & _SCOPE_OF[facts.wish.file_class]
    return None if opens else PlaybackForbidden("scope")


def _check_signer(facts: Facts) -> PlaybackRefused | None:
    return None if facts.key.project_id == facts.wish.video.project_id else TokenInvalid("project")


def _check_unsupported(facts: Facts) -> PlaybackRefused | None:
    claims = facts.claims
    # One key opens all of a rendition, wherever its segments come from: no clip holds where anybody can fetch them.
    is_clip_vain = claims.clip is not None and facts.is_open_elsewhere
    is_unsupported = claims.nonce is not None or claims.countries or is_clip_vain
    # A limit that this server can't check is not ignored.
    return PlaybackForbidden("unsupported_limit") if is_unsupported else None


def _check_site(facts: Facts) -> PlaybackRefused | None:
    return None if _is_site_allowed(facts.claims, facts.site) else PlaybackForbidden("origin")


def _check_height(facts: Facts) -> PlaybackRefused | None:
    rendition = facts.wish.rendition
    is_too_large = rendition is not None and exceeds_height(rendition, facts.claims.max_height)
    return PlaybackForbidden("max_height") if is_too_large else None


def _check_clip(facts: Facts) -> PlaybackRefused | None:
    wish = facts.wish
    if facts.claims.clip is None:
        return None
    is_beyond = wish.segment is not None and wish.segment not in facts.opened
    is_of_all = wish.is_of_all or wish.file_class is FileClass.DOWNLOAD
    return PlaybackForbidden("clip") if is_beyond or is_of_all else None


def _check_existence(facts: Facts) -> PlaybackRefused | None:
    # A signer vouches for its own project's videos alone, so the row must name the same project.
    is_there = facts.policy is not None and facts.policy.project_id == facts.wish.video.project_id
    return None if is_there else VideoNotReady("unknown")


def _check_suspension(facts: Facts) -> PlaybackRefused | None:
    is_suspended = facts.policy is not None and facts.policy.project_suspended
    return VideoRestricted("project_suspended") if is_suspended else None


def _check_restriction(facts: Facts) -> PlaybackRefused | None:
    restriction = facts.policy.restriction if facts.policy is not None else "none"
    # A review token opens what is held for review, and nothing that was decided against.
    is_review = restriction == "held" and Scope.REVIEW in facts.scope
    return None if restriction == "none" or is_review else VideoRestricted(restriction)


def _is_reviewer(facts: Facts) -> bool:
    return Scope.REVIEW in facts.scope


def _check_age(facts: Facts) -> PlaybackRefused | None:
    needs_age = facts.policy is not None and facts.policy.needs_age
    is_fine = (
        not needs_age or _is_reviewer(facts) or Scope.AGE in facts.claims.scope
    )  # its maker's word, and no permission of the key's
    return None if is_fine else VideoRestricted("age")


def _check_country(facts: Facts) -> PlaybackRefused | None:
    """Where a video is blocked in some countries, a token must name another one: nobody's address is looked at."""
    blocked = facts.policy.blocked_countries if facts.policy is not None else ()
    if not blocked or _is_reviewer(facts):
        return None
    country = facts.claims.country
    if country is None:
        return VideoRestricted("country_unknown")
    return VideoRestricted("country") if country in blocked else None


def _check_embedding(facts: Facts) -> PlaybackRefused | None:
    is_off = facts.policy is not None and facts.policy.embedding_off
    return VideoRestricted("embedding") if is_off and facts.site.is_foreign else None


def _check_playable(facts: Facts) -> PlaybackRefused | None:
    policy = facts.policy
    if policy is None or (policy.playable and policy.status != "deleting"):
        return None
    return VideoNotReady(policy.status)


def _check_revision(facts: Facts) -> PlaybackRefused | None:
    is_there = facts.policy is None or _revision_asked(facts.policy, facts.wish) is not None
    return None if is_there else MediaNotFound("revision")


TOKEN_CHECKS = (
    Check("issued", "The token was issued in the past", _check_issue),
    Check("end", "The token has not expired", _check_end),
    Check("life", "The token's life is no longer than its key allows", _check_life),
    Check(
        "withdrawn",
        "The token was issued while its key signed, and was not withdrawn since",
        _check_withdrawal,
    ),
    Check("entry", "The token that the session began with would still count", _check_entry),
    Check("revoked", "Its session, group, video, key and project were not revoked", _check_revocation),
    Check("begin", "The token counts already", _check_begin),
    Check("scope", "Token and key open this class of file", _check_scope),
    Check("signer", "The key belongs to the project of the address", _check_signer),
    Check("limits", "The token sets no limit that can't be checked here", _check_unsupported),
    Check("site", "The asking site is one of the token's", _check_site),
    Check("height", "The rendition is no larger than the token allows", _check_height),
    Check("clip", "The file has something of the token's clip, and shows no other part", _check_clip),
)
VIDEO_CHECKS = (
    Check("exists", "The video exists in the project of the address", _check_existence),
    Check("project", "The project is not suspended", _check_suspension),
    Check("restriction", "The video is not restricted", _check_restriction),
    Check("age", "The video has no age label, or the token says that its viewer is old enough", _check_age),
    Check("country", "The video is not blocked in the country that the token names", _check_country),
    Check("embedding", "The video may be shown by other sites, or none asks", _check_embedding),
    Check("playable", "The video can be played", _check_playable),
    Check("revision", "The revision of the address can still be played", _check_revision),
)
CHECKS = (*TOKEN_CHECKS, *VIDEO_CHECKS)  # in the order of the token format


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
        # Media elements fetch without `Origin`; then only the referrer names the page.
        referrer = headers.get("Referer", "")
        if fetch_site in {"same-origin", "none"} or not (fetch_site or referrer):
            return Site()
        given = "/".join(referrer.split("/", 3)[:3])
    origin = normalize_origin(given)
    return Site(origin, is_foreign=origin is None or origin != own_origin)
