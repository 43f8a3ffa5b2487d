"""A folder's files → videos to import: names of captions, and what lies beside a video as JSON (also yt-dlp's). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

from gilfoyle.lib.languages import standard_tag
from videos.chapters.chapter import Chapter, arrange
from videos.imports.media_suffixes import MEDIA_SUFFIXES
from videos.imports.systems.found import (
    LONGEST_ID,
    LONGEST_TITLE,
    Answer,
    FoundCaption,
    FoundVideo,
    caption_of,
    many_lines,
    metadata_of,
    one_line,
    read_answer,
    require_id,
)

SYSTEM = "folder"
INFO_SUFFIX, JSON_SUFFIX = ".info.json", ".json"
CAPTION_SUFFIXES = (".vtt", ".srt")
FOR_DEAF = frozenset({"sdh", "cc", "hi"})
LATEST_S = 253_402_300_799  # the end of the year 9999


def _day(text: str) -> str:
    datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    return text


Day = Annotated[str, AfterValidator(_day)]
Moment = Annotated[float, Field(ge=-LATEST_S // 10, le=LATEST_S)]


class FoundChapter(Answer):
    """A chapter, times in seconds."""

    start_time: float = Field(ge=0, le=10**7)
    title: str | None = None


class Sidecar(Answer):
    """What a file beside a video says of it: the names of yt-dlp's info.json, and a few of our own."""

    id: str | int | None = None
    external_id: str | None = None
    creator_id: str | None = None
    title: str | None = None
    fulltitle: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    categories: list[str] | None = None
    metadata: dict[str, Any] | None = None
    published_at: AwareDatetime | date | None = None
    timestamp: Moment | None = None
    upload_date: Day | None = None
    release_timestamp: Moment | None = None
    release_date: Day | None = None
    webpage_url: str | None = None
    license: str | None = None
    language: str | None = None
    availability: str | None = None
    uploader: str | None = None
    channel: str | None = None
    chapters: list[FoundChapter] | None = Field(None, max_length=10_000)


@dataclass(frozen=True, slots=True)
class FileBeside:
    """A video's file: where it is, by its folder, when it was changed, and the names of what lies there with it."""

    path: Path
    relative: PurePosixPath
    modified_at: datetime
    beside: frozenset[str]


def sidecar_of(path: Path, names: Iterable[str]) -> str | None:
    """Return the name of the file that says something of a video, where there is one."""
    wanted = (path.stem + INFO_SUFFIX, path.name + JSON_SUFFIX, path.stem + JSON_SUFFIX)
    there = set(names)
    return next((name for name in wanted if name in there), None)


def captions_of(path: Path, names: Iterable[str]) -> tuple[FoundCaption, ...]:
    """Return the texts of a video: `film.vtt`, `film.de.srt`, `film.en.sdh.vtt`; WebVTT goes before SRT of the same name."""
    by_words: dict[str, str] = {}
    names = tuple(names)
    longer = tuple(f"{stem}." for stem in _stems(names) if stem.startswith(f"{path.stem}."))
    for name in sorted(names, key=lambda name: (not name.lower().endswith(".vtt"), name)):
        if name.startswith(longer):  # of film.part2.mp4, not of film.mp4
            continue
        begin, _, rest = name.partition(path.stem)
        words, dot, suffix = rest.rpartition(".")
        is_ours = (
            not begin and dot and f".{suffix.lower()}" in CAPTION_SUFFIXES and (not words or words[0] == ".")
        )
        if is_ours:
            by_words.setdefault(words.lower(), name)
    return tuple(_caption(path.with_name(by_words[words]), words) for words in sorted(by_words))


def _stems(names: Iterable[str]) -> Iterable[str]:
    """Yield the names of videos, without their ends."""
    return (Path(name).stem for name in names if Path(name).suffix.lower() in MEDIA_SUFFIXES)


def _caption(file: Path, words: str) -> FoundCaption:
    parts = [part for part in words.split(".") if part]
    is_for_deaf = (
        bool(parts) and parts[-1] in FOR_DEAF and (len(parts) > 1 or standard_tag(parts[-1]) is None)
    )
    tag = ".".join(parts[:-1] if is_for_deaf else parts)
    return caption_of(file, tag, is_for_deaf=is_for_deaf)


def read_sidecar(answer: object, *, what: str) -> Sidecar:
    """Return what a file beside a video says. Raises: AnswerUnusable."""
    return read_answer(Sidecar, answer, what=what)


def map_file(file: FileBeside, sidecar: Sidecar | None) -> tuple[FoundVideo, datetime]:
    """Return the video that a file is, and when it was published: by what lies beside it, else when it was changed.

    Raises: AnswerUnusable.
    """
    said = sidecar or Sidecar()
    published_at = _published_at(said) or file.modified_at
    given = said.external_id or (str(said.id) if said.id is not None else "")
    metadata = metadata_of(
        SYSTEM,
        said.webpage_url or "",
        published_at,
        originally_published_at=_day_or_moment(said.release_timestamp, said.release_date),
        tags=said.tags,
        categories=said.categories,
        licence=said.license,
        language=said.language,
        privacy=said.availability,
        account=said.uploader,
        channel=said.channel,
    )
    found = FoundVideo(
        external_id=require_id(given, what="id") if given else id_of(file.relative),
        source=file.path,
        title=one_line(said.title or said.fulltitle, LONGEST_TITLE)
        or one_line(file.path.name, LONGEST_TITLE),
        description=many_lines(said.description),
        creator_id=one_line(said.creator_id, LONGEST_ID),
        metadata={**(said.metadata or {}), **metadata},
        captions=captions_of(file.path, file.beside),
        chapters=arrange(
            (Chapter(round(one.start_time * 1000), one.title or "") for one in said.chapters or ()),
            end_ms=None,
        ),
    )
    return found, published_at


def id_of(relative: PurePosixPath) -> str:
    """Return the id of a file that has none: its path in the folder, where that can be one; else its hash."""
    text = str(relative)
    if len(text) <= LONGEST_ID and text == one_line(text, LONGEST_ID):
        return text
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def _published_at(said: Sidecar) -> datetime | None:
    at = said.published_at
    if isinstance(at, datetime):
        return at
    if at is not None:
        return datetime.combine(at, time.min, UTC)
    return _day_or_moment(said.timestamp, said.upload_date)


def _day_or_moment(moment: float | None, day: str | None) -> datetime | None:
    if moment is not None:
        return datetime.fromtimestamp(moment, UTC)
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) if day else None
