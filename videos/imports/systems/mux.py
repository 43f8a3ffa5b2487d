"""Mux' answers → videos to import. Pure.

Shapes: the Asset of Mux' own OpenAPI document, as its SDKs have it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic import Field

from videos.imports.systems.found import (
    LONGEST_ID,
    LONGEST_TITLE,
    MOST_CAPTIONS,
    Answer,
    AnswerUnusable,
    FoundCaption,
    FoundVideo,
    caption_of,
    metadata_of,
    one_line,
    read_answer,
    require_address,
    require_id,
)

SYSTEM = "mux"
READY, PREPARING, ERRORED = "ready", "preparing", "errored"
TEXT, SUBTITLES = "text", "subtitles"
PUBLIC = "public"
LATEST_S = 253_402_300_799


class PlaybackId(Answer):
    id: str = Field(min_length=1, max_length=255)
    policy: str | None = None


class Master(Answer):
    """The whole video as one MP4 file, for 24 hours."""

    status: str | None = None
    url: str | None = None


class Meta(Answer):
    title: str | None = None
    creator_id: str | None = None
    external_id: str | None = None


class Rendition(Answer):
    name: str | None = None
    ext: str | None = None
    status: str | None = None  # of what was made by mp4_support, of all together
    height: int | None = None
    filesize: int | None = None


class Renditions(Answer):
    status: str | None = None
    files: list[Rendition] | None = Field(None, max_length=100)


class Track(Answer):
    id: str | None = None
    type: str | None = None
    text_type: str | None = None
    status: str | None = None
    name: str | None = None
    language_code: str | None = None
    closed_captions: bool | None = None


class Entry(Answer):
    """An asset, as far as a list of them is gone through."""

    id: str
    created_at: int | None = Field(None, ge=0, le=LATEST_S)
    meta: Meta | None = None

    @property
    def published_at(self) -> datetime | None:
        return None if self.created_at is None else datetime.fromtimestamp(self.created_at, UTC)


class Asset(Entry):
    status: str | None = None
    is_live: bool | None = None
    passthrough: str | None = None
    master_access: str | None = None
    master: Master | None = None
    playback_ids: list[PlaybackId] | None = Field(None, max_length=1000)
    static_renditions: Renditions | None = None
    tracks: list[Track] | None = Field(None, max_length=1000)


class Page(Answer):
    data: list[object]
    next_cursor: str | None = None


class Whole(Answer):
    data: object


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where Mux is."""

    api: str = "https://api.mux.com"
    stream: str = "https://stream.mux.com"


def read_page(answer: object) -> Page:
    """Return a page of a list. Raises: AnswerUnusable."""
    return read_answer(Page, answer, what="the list")


def read_entry(item: object) -> Entry:
    """Return an asset of a list. Raises: AnswerUnusable."""
    entry = read_answer(Entry, item, what="an asset of the list")
    require_id(entry.id, what="id")
    return entry


def read_asset(answer: object) -> Asset:
    """Return an asset that was asked for by itself. Raises: AnswerUnusable."""
    return read_answer(Asset, read_answer(Whole, answer, what="the asset").data, what="the asset")


def needs_master(asset: Asset) -> bool:
    """Tell whether the master has to be asked for, or waited for.

    Raises: AnswerUnusable where there will never be one.
    """
    if asset.status != READY or asset.is_live:
        message = f"The asset is {'live' if asset.is_live else one_line(asset.status, 40) or 'not ready'}."
        raise AnswerUnusable(message, hint="It can be imported once it is ready.")
    return not (asset.master and asset.master.status == READY and asset.master.url)


def is_preparing(asset: Asset) -> bool:
    """Tell whether the master is being made."""
    return asset.master is not None and asset.master.status == PREPARING


def map_asset(asset: Asset, *, hosts: Hosts = Hosts()) -> FoundVideo:
    """Return the video that an asset is. Its file is the master, else the largest MP4 of a public playback id.

    Raises: AnswerUnusable.
    """
    meta = asset.meta or Meta()
    policies = sorted({one.policy for one in asset.playback_ids or () if one.policy})
    return FoundVideo(
        external_id=require_id(asset.id, what="id"),
        source=_source(asset, hosts),
        title=one_line(meta.title, LONGEST_TITLE),
        creator_id=one_line(meta.creator_id, LONGEST_ID),
        metadata=metadata_of(
            SYSTEM,
            "",
            asset.published_at,
            privacy=", ".join(policies),
            passthrough=one_line(asset.passthrough, LONGEST_ID),
            external_id=one_line(meta.external_id, LONGEST_ID),
        ),
        captions=tuple(_captions(asset, hosts)),
    )


def _source(asset: Asset, hosts: Hosts) -> str:
    if asset.master and asset.master.status == READY and asset.master.url:
        return require_address(asset.master.url, what="the master")
    playback_id, renditions = _public_id(asset), asset.static_renditions
    made = [
        file
        for file in (renditions.files if renditions else None) or ()
        if file.name and file.ext == "mp4" and (file.status or (renditions and renditions.status)) == READY
    ]
    if not playback_id or not made:
        message = "There is neither a master nor an MP4 file of a public playback id."
        hint = "Let the token write video, so that master access can be switched on."
        raise AnswerUnusable(message, hint=hint)
    best = max(made, key=lambda file: (file.height or 0, file.filesize or 0))
    return f"{hosts.stream}/{quote(playback_id, safe='')}/{quote(best.name or '', safe='')}"


def _captions(asset: Asset, hosts: Hosts) -> Iterable[FoundCaption]:
    playback_id = _public_id(asset)
    texts = [one for one in asset.tracks or () if one.type == TEXT and one.text_type in {SUBTITLES, None}]
    for track in [one for one in texts if one.status in {READY, None} and one.id][:MOST_CAPTIONS]:
        # Without a public id there is no address for it: it is told as missing.
        address = f"{hosts.stream}/{quote(playback_id, safe='')}/text/{quote(track.id or '', safe='')}.vtt"
        yield caption_of(
            address if playback_id else "",
            track.language_code or "",
            label=track.name or "",
            is_for_deaf=bool(track.closed_captions),
        )


def _public_id(asset: Asset) -> str:
    return next((one.id for one in asset.playback_ids or () if one.policy == PUBLIC), "")
