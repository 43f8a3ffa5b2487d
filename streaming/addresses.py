"""The grammar of playback addresses: `/play/{token}/{project}/{video}/{revision}/{file}` `/embed/…` and `/report/…`. Pure.

An address has exactly one spelling; whatever does not match is no address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from videos.catalog.selectors import PlaybackPolicy

TOKEN = r"[A-Za-z0-9._-]{40,256}"  # noqa: S105  a pattern, not a secret
PROJECT = r"[a-z0-9]{12}"
VIDEO = r"vid_[A-Za-z0-9]{18}"
REVISION = r"[A-Za-z0-9]{16}"
RENDITION = r"[a-z][a-z0-9]{0,15}"
SEGMENT = r"[0-9]{5}|[1-9][0-9]{5,7}"  # five digits, more only when they are needed
TRACK = r"trk_[A-Za-z0-9]{18}"
MASTER_NAME = "master.m3u8"
DASH_NAME = "manifest.mpd"
MEDIA_PLAYLIST_NAME = "index.m3u8"
KEY_FRAMES_NAME = "iframes.m3u8"  # of a rendition's key frames alone, beside its playlist
KEY_NAME = "key"  # what a rendition's segments are decrypted with, beside its playlist
POSTER_NAME = "poster.jpg"
STORYBOARD_NAME = "storyboard.vtt"
CHAPTERS_NAME = "chapters.json"
PREVIEW_NAME = "preview.webp"
REFRESH_NAME = "refresh"

_BELOW_REVISION = (
    rf"/play/(?P<token>{TOKEN})/(?P<project>{PROJECT})/(?P<video>{VIDEO})/(?P<revision>{REVISION})/"
)
_FILE = re.compile(
    rf"{_BELOW_REVISION}(?:(?P<image>poster\.(?:jpg|webp|avif)|storyboard-[0-9]{{3}}\.jpg|preview\.webp)"
    rf"|(?P<rendition>{RENDITION})/(?:(?P<init>init\.mp4)|(?P<segment>{SEGMENT})\.m4s))",
    re.ASCII,
)


class FileClass(Enum):
    """What a file is, as far as permission goes."""

    MEDIA = "media"
    IMAGE = "image"
    CAPTION = "caption"
    DOWNLOAD = "download"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class VideoAddress:
    """Whose what: the part that each playback address begins with, and the revision where one is named."""

    token: str
    project_id: str
    video_id: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file by its address: a picture, or of a rendition the init segment (no number) or a segment."""

    video: VideoAddress
    rendition: str | None = None
    number: int | None = None
    image: str | None = None  # the picture's file name

    @property
    def image_kind(self) -> str | None:
        """Which pictures it belongs to: `poster`, `storyboard` or `preview`."""
        return re.split(r"[-.]", self.image, maxsplit=1)[0] if self.image else None

    @property
    def file_class(self) -> FileClass:
        return FileClass.IMAGE if self.image else FileClass.MEDIA


def parse_stored_file(path: str) -> StoredFile | None:
    """Read the (percent-decoded) path of a picture, init segment or segment; None for any other path."""
    match = _FILE.fullmatch(path)
    if match is None:
        return None
    video = VideoAddress(match["token"], match["project"], match["video"], match["revision"])
    number = match["segment"]
    return StoredFile(video, match["rendition"], None if number is None else int(number), match["image"])


def media_type(rendition: str) -> str:
    """Return the media type of a rendition's files; audio renditions are named a0, a1, …"""
    # RFC 4337 types, which all players and browsers' opaque-response checks take for CMAF.
    return "audio/mp4" if rendition.startswith("a") else "video/mp4"


def storyboard_sheet_name(number: int) -> str:
    """Return a sheet's file name."""
    return f"storyboard-{number:03d}.jpg"


def play_folder(token: str, project_id: str, video_id: str, revision: str) -> str:
    """Return the path that everything playable of a revision stands below, with its closing slash."""
    return f"/play/{token}/{project_id}/{video_id}/{revision}/"


def text_path(track_id: str) -> str:
    """Return the path of a whole text track, below the folder of its revision."""
    return f"text/{track_id}.vtt"


def refresh_path(token: str, project_id: str, video_id: str) -> str:
    """Return the path at which a token is exchanged for a later one of its session."""
    return f"/play/{token}/{project_id}/{video_id}/{REFRESH_NAME}"


def embed_path(token: str, project_id: str, video_id: str, origins: tuple[str, ...] = ()) -> str:
    """Return the path of the embed page; the sites that may frame it are named, as the token has only hashes."""
    query = "?" + urlencode([("origin", origin) for origin in origins]) if origins else ""
    return f"/embed/{token}/{project_id}/{video_id}{query}"


def report_path(token: str, project_id: str, video_id: str) -> str:
    """Return the path of the form with which whoever can play a video reports it."""
    return f"/report/{token}/{project_id}/{video_id}"


def playback_addresses(
    *, public_url: str, token: str, policy: PlaybackPolicy, origins: tuple[str, ...] = ()
) -> dict[str, str | None]:
    """Return the absolute addresses of a playable video, by the names that the API gives them."""
    owner = (policy.project_id, policy.video_id)
    folder = public_url + play_folder(token, *owner, policy.revision)
    pictures = {"poster_url": POSTER_NAME, "storyboard_url": STORYBOARD_NAME, "preview_url": PREVIEW_NAME}
    kinds = {image_set.kind for image_set in policy.images}
    return {
        "hls_url": folder + MASTER_NAME,
        "dash_url": None if policy.is_encrypted else folder + DASH_NAME,  # DASH knows no such encryption
        "embed_url": public_url + embed_path(token, *owner, origins),
        **{
            name: folder + file if name.removesuffix("_url") in kinds else None
            for name, file in pictures.items()
        },
    }
