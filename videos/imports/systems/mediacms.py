"""MediaCMS' answers → videos to import. Pure.

Shapes: files/serializers.py (MediaSerializer, SingleMediaSerializer) and the properties of files/models of MediaCMS 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from pydantic import Field

from videos.chapters.chapter import Chapter, arrange
from videos.imports.systems.found import (
    LONGEST_ID,
    LONGEST_TITLE,
    MOST_CAPTIONS,
    Answer,
    AnswerUnusable,
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

SYSTEM = "mediacms"
WANTED = frozenset({"video", "audio"})
SUCCESS = "success"
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)", re.ASCII)
Join = Callable[[str], str]  # what an address of an answer is, from its server on


class Entry(Answer):
    """A medium as lists have it."""

    friendly_token: str
    title: str | None = None
    add_date: InUtc | None = None
    media_type: str | None = None


class Page(Answer):
    next: str | None = None
    results: list[object]


class Titled(Answer):
    title: str


class Encoding(Answer):
    url: str | None = None
    status: str | None = None


class Subtitle(Answer):
    src: str
    srclang: str | None = None
    label: str | None = None


class ChapterMark(Answer):
    start: float | str = Field(alias="startTime")
    title: str = Field(alias="chapterTitle")


class Media(Answer):
    """A medium as it is asked for by itself; its token stands in its address alone."""

    url: str | None = None
    user: str | None = None
    title: str | None = None
    description: str | None = None
    add_date: InUtc | None = None
    state: str | None = None
    author_name: str | None = None
    original_media_url: str | None = None
    encodings_info: dict[str, dict[str, Encoding]] | None = None
    categories_info: list[Titled] | None = None
    tags_info: list[Titled] | None = None
    subtitles_info: list[Subtitle] | None = Field(None, max_length=MOST_CAPTIONS)
    chapter_data: list[ChapterMark] | None = Field(None, max_length=10_000)


def find_author(path: str) -> str:
    """Return whose media a page shows; "" for all that may be seen.

    Raises: AnswerUnusable.
    """
    parts = [part for part in path.partition("?")[0].split("/") if part]
    if not parts:
        return ""
    if len(parts) > 1 and parts[0] == "user":
        return unquote(parts[1])
    message = "This is no page of MediaCMS that lists media."
    raise AnswerUnusable(message, hint="Give its first page, or /user/NAME.")


def read_page(answer: object) -> Page:
    """Return a page of a list. Raises: AnswerUnusable."""
    return read_answer(Page, answer, what="the list")


def read_entry(item: object) -> Entry:
    """Return a medium of a list. Raises: AnswerUnusable."""
    entry = read_answer(Entry, item, what="an entry of the list")
    require_id(entry.friendly_token, what="friendly_token")
    return entry


def map_media(answer: object, friendly_token: str, *, join: Join) -> FoundVideo:
    """Return the video that an answer speaks of. Addresses in it have no server; `join` gives them one.

    Raises: AnswerUnusable; what `join` raises.
    """
    said = read_answer(Media, answer, what="the medium")
    captions = (
        caption_of(_address(one.src, join, "a subtitle"), one.srclang or "", label=one.label or "")
        for one in said.subtitles_info or ()
    )
    return FoundVideo(
        external_id=require_id(friendly_token, what="friendly_token"),
        source=_address(_best(said), join, "the file"),
        title=one_line(said.title, LONGEST_TITLE),
        description=many_lines(said.description),
        creator_id=one_line(said.user, LONGEST_ID),
        metadata=metadata_of(
            SYSTEM,
            said.url or "",
            said.add_date,
            tags=[one.title for one in said.tags_info or ()],
            categories=[one.title for one in said.categories_info or ()],
            privacy=said.state,
            account=said.author_name,
        ),
        captions=tuple(captions),
        chapters=_chapters(said.chapter_data or ()),
    )


def _best(said: Media) -> str:
    """Return where the original is, else, where a portal does not show it, the encoding of the most lines."""
    if said.original_media_url:
        return said.original_media_url
    made = [
        (int(lines), encoding.url)
        for lines, encodings in (said.encodings_info or {}).items()
        for encoding in encodings.values()
        if encoding.url and encoding.status == SUCCESS and re.fullmatch(r"[0-9]{1,5}", lines)
    ]
    if not made:
        message = "There is no file to download."
        raise AnswerUnusable(message, hint="The portal shows no originals, and nothing is encoded.")
    return max(made)[1]


def _address(text: str, join: Join, what: str) -> str:
    """Return an address with its server; one that has another scheme is refused before it is joined."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        require_address(text, what=what)
    return require_address(join(text), what=what)


def _chapters(marks: Iterable[ChapterMark]) -> tuple[Chapter, ...]:
    return arrange((Chapter(_ms(one.start), one.title) for one in marks), end_ms=None)


def _ms(start: float | str) -> int:
    if isinstance(start, str):
        clock = _CLOCK.fullmatch(start.strip())
        if clock is None:
            message = "chapter_data: a time is not written as 00:01:02.500."
            raise AnswerUnusable(message)
        start = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    if not 0 <= start <= 10**7:
        message = "chapter_data: a time is none."
        raise AnswerUnusable(message)
    return round(start * 1000)
