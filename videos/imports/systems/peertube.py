"""PeerTube's answers → videos to import. Pure.

Shapes: support/doc/api/openapi.yaml and packages/models of PeerTube 8 (and what older ones lack).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from pydantic import Field

from videos.chapters.chapter import Chapter, arrange
from videos.imports.systems.found import (
    LONGEST_ID,
    LONGEST_TITLE,
    MOST_CAPTIONS,
    Answer,
    AnswerUnusable,
    FoundCaption,
    FoundVideo,
    InUtc,
    caption_of,
    many_lines,
    metadata_of,
    one_line,
    read_answer,
    require_address,
    require_id,
)

SYSTEM = "peertube"
PRIVACY = {1: "public", 2: "unlisted", 3: "private", 4: "internal", 5: "password_protected"}
MOST_FILES = 500
GENERATE = "/download/videos/generate/"


class Named(Answer):
    """A choice out of PeerTube's lists: its id, and what it is called."""

    id: int | str | None = None
    label: str | None = None


class Actor(Answer):
    """An account or a channel."""

    name: str | None = None
    host: str | None = None


class File(Answer):
    """One file of a video; since 6.2 sound and picture may lie in files of their own."""

    id: int = Field(ge=0, lt=2**63)
    size: int = Field(0, ge=0)
    resolution: Named | None = None
    file_url: str | None = Field(None, alias="fileUrl")
    file_download_url: str | None = Field(None, alias="fileDownloadUrl")
    has_audio: bool | None = Field(None, alias="hasAudio")
    has_video: bool | None = Field(None, alias="hasVideo")

    @property
    def address(self) -> str:
        return require_address(self.file_download_url or self.file_url, what=f"file {self.id}")


class Playlist(Answer):
    files: list[File] | None = Field(None, max_length=MOST_FILES)


class Entry(Answer):
    """A video as lists have it."""

    uuid: str
    name: str | None = None
    published_at: InUtc | None = Field(None, alias="publishedAt")


class Page(Answer):
    total: int = Field(ge=0)
    data: list[object]


class Details(Entry):
    """A video as it is asked for by itself."""

    url: str | None = None
    description: str | None = None
    originally_published_at: InUtc | None = Field(None, alias="originallyPublishedAt")
    category: Named | None = None
    licence: Named | None = None
    language: Named | None = None
    privacy: Named | None = None
    nsfw: bool | None = None
    tags: list[str] | None = None
    account: Actor | None = None
    channel: Actor | None = None
    files: list[File] | None = Field(None, max_length=MOST_FILES)
    playlists: list[Playlist] | None = Field(None, alias="streamingPlaylists", max_length=20)


class Source(Answer):
    """The file as it was uploaded; since 6.1 its owner can have it, where the instance keeps it."""

    file_download_url: str | None = Field(None, alias="fileDownloadUrl")


class Caption(Answer):
    language: Named
    caption_path: str | None = Field(None, alias="captionPath")
    file_url: str | None = Field(None, alias="fileUrl")  # since 7.1
    is_generated: bool | None = Field(None, alias="automaticallyGenerated")


class Captions(Answer):
    data: list[Caption] = Field(max_length=MOST_CAPTIONS)


class ChapterMark(Answer):
    timecode: float = Field(ge=0, le=10**7)
    title: str


class Chapters(Answer):
    chapters: list[ChapterMark] = Field(max_length=10_000)


class FileToken(Answer):
    token: str = Field(min_length=1, max_length=500)


class Token(Answer):
    files: FileToken


class Client(Answer):
    """What an instance gives its own pages to sign in with."""

    client_id: str
    client_secret: str


class SignedIn(Answer):
    access_token: str = Field(min_length=1, max_length=4000)


@dataclass(frozen=True, slots=True)
class Place:
    """Which list of an instance is meant: its path, and what it is asked with."""

    path: str
    query: Mapping[str, object]


def find_place(path: str, *, is_signed_in: bool) -> Place:
    """Return the list that an instance's page shows: of an account, a channel, one's own library, or all.

    Raises: AnswerUnusable.
    """
    parts = [part for part in path.partition("?")[0].split("/") if part]
    # Oldest first: what is published meanwhile comes last, and shifts nothing.
    query = {"sort": "publishedAt", "nsfw": "both"}
    if not parts:
        private = {"privacyOneOf": list(PRIVACY)} if is_signed_in else {}
        return Place("/api/v1/videos", {**query, "isLocal": "true", **private})
    if parts[0] == "my-library":
        return Place("/api/v1/users/me/videos", query)
    if len(parts) > 1 and parts[0] in {"a", "accounts"}:
        return Place(f"/api/v1/accounts/{quote(parts[1], safe='@.')}/videos", query)
    if len(parts) > 1 and parts[0] in {"c", "video-channels"}:
        return Place(f"/api/v1/video-channels/{quote(parts[1], safe='@.')}/videos", query)
    message = "This is no page of an instance's videos."
    raise AnswerUnusable(message, hint="Give the instance, or its page /a/NAME, /c/NAME or /my-library.")


def read_page(answer: object) -> Page:
    """Return a page of a list. Raises: AnswerUnusable."""
    return read_answer(Page, answer, what="the list")


def read_entry(item: object) -> Entry:
    """Return a video of a list. Raises: AnswerUnusable."""
    entry = read_answer(Entry, item, what="an entry of the list")
    require_id(entry.uuid, what="uuid")
    return entry


@dataclass(frozen=True, slots=True)
class Answers:
    """All that an instance says of one video; what it refuses, or is too old for, is None."""

    details: object
    captions: object | None = None
    chapters: object | None = None
    source: object | None = None


def map_video(answers: Answers, *, origin: str) -> FoundVideo:
    """Return the video that answers speak of. `origin` is the instance, as in https://tube.example.

    Raises: AnswerUnusable.
    """
    said = read_answer(Details, answers.details, what="the video")
    published_at, originally_at = said.published_at, said.originally_published_at
    metadata = metadata_of(
        SYSTEM,
        said.url or "",
        published_at,
        originally_published_at=originally_at,
        tags=said.tags,
        categories=[said.category.label] if said.category and said.category.label else None,
        licence=said.licence.label if said.licence else None,
        language=str(said.language.id or "") if said.language else None,
        privacy=PRIVACY.get(_number(said.privacy)),
        is_sensitive=said.nsfw or None,
        account=_handle(said.account),
        channel=_handle(said.channel),
    )
    captions = read_answer(Captions, answers.captions, what="the captions") if answers.captions else None
    chapters = read_answer(Chapters, answers.chapters, what="the chapters") if answers.chapters else None
    return FoundVideo(
        external_id=require_id(said.uuid, what="uuid"),
        source=_source(said, answers.source, origin),
        title=one_line(said.name, LONGEST_TITLE),
        description=many_lines(said.description),
        # Not the account's number, which may be that of somebody else among the consumer's own users.
        creator_id=one_line(_handle(said.account), LONGEST_ID),
        metadata=metadata,
        captions=tuple(_caption(one, origin) for one in captions.data) if captions else (),
        chapters=_chapters(chapters.chapters if chapters else ()),
    )


def read_file_token(answer: object) -> str:
    """Return what lets a private video's file be fetched for a while. Raises: AnswerUnusable."""
    return read_answer(Token, answer, what="the file token").files.token


def with_file_token(address: str, token: str) -> str:
    """Return an address of a file with the token that lets it be fetched."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'videoFileToken': token})}"


def _source(said: Details, source: object | None, origin: str) -> str:
    """Return where the best file is: the original, else the whole one of the most lines, else sound and picture joined."""
    original = read_answer(Source, source, what="the original").file_download_url if source else None
    if original:
        return require_address(original, what="the original")
    files = [*(said.files or ()), *(file for one in said.playlists or () for file in one.files or ())]
    pictures = [file for file in files if file.has_video is not False]
    sounds = [file for file in files if file.has_video is False]
    if whole := [file for file in pictures if file.has_audio is not False]:
        return _best(whole).address
    if pictures and sounds:
        ids = {"videoFileIds": [_best(pictures).id, _best(sounds).id]}
        return f"{origin}{GENERATE}{quote(said.uuid, safe='')}?{urlencode(ids, doseq=True)}"
    if files:
        return _best(files).address
    message = "There is no file to download."
    raise AnswerUnusable(message, hint="A live stream has none, nor one that is being transcoded.")


def _best(files: Iterable[File]) -> File:
    return max(files, key=lambda file: (_number(file.resolution), file.size))


def _number(named: Named | None) -> int:
    return named.id if named is not None and isinstance(named.id, int) else -1


def _handle(actor: Actor | None) -> str:
    if actor is None or not actor.name:
        return ""
    return f"{actor.name}@{actor.host}" if actor.host else actor.name


def _caption(said: Caption, origin: str) -> FoundCaption:
    path = said.caption_path or ""
    source = said.file_url or (f"{origin}{path}" if path.startswith("/") else path)
    label = said.language.label or ""
    if said.is_generated and label:
        label = f"{label} (automatic)"
    return caption_of(require_address(source, what="a caption"), str(said.language.id or ""), label=label)


def _chapters(marks: Iterable[ChapterMark]) -> tuple[Chapter, ...]:
    return arrange((Chapter(round(one.timecode * 1000), one.title) for one in marks), end_ms=None)
