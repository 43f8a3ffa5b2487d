"""oEmbed 1.0 for embed addresses: which address is asked about, and what is answered. Pure but for the HTML's escaping.

The token stands in the address that is asked about, so nothing is told that its holder could not see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import PROJECT, TOKEN, VIDEO, VideoAddress, embed_path, play_folder
from streaming.player.snippet import FrameSize, iframe_html

if TYPE_CHECKING:
    from videos.catalog.selectors import PlaybackPolicy

PATH = "/oembed"
PROVIDER = "Gilfoyle"
_EMBED = re.compile(rf"/embed/(?P<token>{TOKEN})/(?P<project>{PROJECT})/(?P<video>{VIDEO})", re.ASCII)
MAX_QUERY_LENGTH = 3000


@dataclass(frozen=True, slots=True)
class EmbedAddress:
    """An embed page's address, taken apart; the origins are as somebody wrote them."""

    video: VideoAddress
    origins: tuple[str, ...]


def parse_embed_url(url: str, public_url: str) -> EmbedAddress | None:
    """Read the absolute address of one of our embed pages; None for any other text."""
    try:
        parts = urlsplit(url)
        given = parse_qs(parts.query, max_num_fields=16)
    except ValueError:
        return None
    # One server may answer under both schemes, so only the host must be ours.
    ours, theirs = (normalize_origin(f"https://{one.netloc}") for one in (urlsplit(public_url), parts))
    match = _EMBED.fullmatch(parts.path)
    is_ours = ours is not None and ours == theirs and parts.scheme in {"http", "https"}
    if match is None or not is_ours:
        return None
    video = VideoAddress(match["token"], match["project"], match["video"])
    return EmbedAddress(video, tuple(given.get("origin", ())))


def oembed_url(public_url: str, embed_url: str) -> str:
    """Return where an embed page's oEmbed answer is; the page names it in its head."""
    return f"{public_url}{PATH}?format=json&url={quote(embed_url, safe='')}"


def describe(
    video: VideoAddress,
    *,
    public_url: str,
    title: str,
    origins: tuple[str, ...],
    size: FrameSize,
    cache_s: int,
) -> dict[str, Any]:
    """Return the answer for an embed address (oEmbed 1.0, 2.3.4.2)."""
    address = public_url + embed_path(video.token, video.project_id, video.video_id, origins)
    return {
        "version": "1.0",
        "type": "video",
        "provider_name": PROVIDER,
        "provider_url": public_url,
        "title": title,
        "width": size.width_px,
        "height": size.height_px,
        "html": str(iframe_html(address, title, size)),
        "cache_age": cache_s,
    }


def describe_thumbnail(
    policy: PlaybackPolicy, token: str, *, public_url: str, file: str, size: FrameSize
) -> dict[str, Any]:
    """Return the poster's part of an answer."""
    folder = play_folder(token, policy.project_id, policy.video_id, policy.revision)
    return {
        "thumbnail_url": public_url + folder + file,
        "thumbnail_width": size.width_px,
        "thumbnail_height": size.height_px,
    }
