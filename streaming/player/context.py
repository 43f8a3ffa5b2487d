"""What the embed page needs to know, and the headers that keep it harmless. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import POSTER_NAME, STORYBOARD_NAME, play_folder
from streaming.tokens.claims import Claims, Clip, hash_origin

if TYPE_CHECKING:
    from videos.catalog.selectors import PlaybackPolicy

PERMISSIONS = "autoplay=*, fullscreen=*, picture-in-picture=*, encrypted-media=(), camera=(), microphone=(), geolocation=()"

RENEWED_AFTER = 0.6  # of a token's life: time enough to try again


@dataclass(frozen=True, slots=True)
class PlayerPage:
    """What the player must know of a playable video; its script makes the addresses of it and of the token."""

    title: str
    revision: str
    duration_s: float | None
    is_growing: bool
    has_picture: bool
    poster_url: str
    storyboard_url: str
    renew_in_s: int | None  # when to exchange the token for a later one of its session
    begin_s: float | None = None  # of a clip: where it begins in what there is to play; None: all is played

    @property
    def duration(self) -> str:
        return format_duration(self.duration_s)


def plan_renewal(claims: Claims, now_s: float) -> int | None:
    """Return in how many seconds a token is best exchanged, well before it ends; None where none is to be had."""
    if claims.session_ends_at_s is None or claims.session_ends_at_s <= claims.expires_at_s:
        return None
    return max(0, int((claims.expires_at_s - now_s) * RENEWED_AFTER))


def describe_player(
    policy: PlaybackPolicy,
    token: str,
    *,
    has_picture: bool = True,
    renew_in_s: int | None = None,
    clip: Clip | None = None,
    origin_ms: int = 0,
) -> PlayerPage:
    """Return the page for a playable video; its addresses are paths on our own site.

    Of a clip players have whole segments, which they count from `origin_ms` of the video.
    """
    folder = play_folder(token, policy.project_id, policy.video_id, policy.revision)
    pictures = {one.kind for one in policy.images} if clip is None else set()  # they are of the whole video
    return PlayerPage(
        title=policy.title,
        revision=policy.revision,
        duration_s=policy.duration_s if clip is None else (clip.end_ms - clip.start_ms) / 1000,
        is_growing=policy.status == "processing",
        has_picture=has_picture,
        poster_url=folder + POSTER_NAME if "poster" in pictures else "",
        storyboard_url=folder + STORYBOARD_NAME if "storyboard" in pictures else "",
        renew_in_s=renew_in_s,
        begin_s=None if clip is None else max(0, clip.start_ms - origin_ms) / 1000,
    )


def format_duration(duration_s: float | None) -> str:
    """Return `m:ss` or `h:mm:ss`, empty where the duration is not known."""
    if duration_s is None:
        return ""
    minutes, seconds = divmod(max(1, round(duration_s)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def find_frame_origins(named: Sequence[str], origin_hashes: Sequence[bytes]) -> tuple[str, ...] | None:
    """Return the named origins that the token vouches for, or None where the token leaves all sites free."""
    if not origin_hashes:
        return None
    origins = (normalize_origin(one) for one in named)
    return tuple(dict.fromkeys(one for one in origins if one and hash_origin(one) in origin_hashes))


def describe_origins(frame_origins: Sequence[str] | None) -> str:
    """Return the origins whose pages may talk to the player, as its script reads them: `*` where any may."""
    return "*" if frame_origins is None else " ".join(frame_origins)


def content_security_policy(frame_origins: Sequence[str] | None, media_origins: Sequence[str] = ()) -> str:
    """Return the page's policy: all from here, media from `media_origins` too; framed by the given ones (None: by any site)."""
    media = " ".join(["'self'", *media_origins])
    ancestors = "*" if frame_origins is None else " ".join(["'self'", *frame_origins])
    # blob: and data: are how hls.js gives the element its film and its text tracks.
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {media}; media-src {media} blob: data:; "
        f"connect-src {media}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {ancestors}"
    )
