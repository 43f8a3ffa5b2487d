"""What the embed page needs to know, and the headers that keep it harmless. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import MASTER_NAME, POSTER_NAME, play_folder
from streaming.tokens.claims import hash_origin

if TYPE_CHECKING:
    from videos.catalog.selectors import PlaybackPolicy

PERMISSIONS = "autoplay=*, fullscreen=*, picture-in-picture=*, encrypted-media=(), camera=(), microphone=(), geolocation=()"


@dataclass(frozen=True, slots=True)
class PlayerPage:
    """The page's facts, as text for its template."""

    title: str
    hls_url: str
    poster_url: str
    duration: str
    is_growing: bool


def describe_player(policy: PlaybackPolicy, token: str) -> PlayerPage:
    """Return the page for a playable video; its addresses are paths on our own site."""
    folder = play_folder(token, policy.project_id, policy.video_id, policy.revision)
    return PlayerPage(
        title=policy.title,
        hls_url=folder + MASTER_NAME,
        poster_url=folder + POSTER_NAME if policy.find_images("poster") else "",
        duration=format_duration(policy.duration_s),
        is_growing=policy.status == "processing",
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


def content_security_policy(frame_origins: Sequence[str] | None) -> str:
    """Return the page's policy: everything from here, framed by the given origins (None: by any site)."""
    ancestors = "*" if frame_origins is None else " ".join(["'self'", *frame_origins])
    # blob: and data: are how hls.js gives the element its film and its text tracks.
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {ancestors}"
    )
