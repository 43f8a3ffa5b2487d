"""What another system has of one of its videos, as it is to be imported: the one form that all mappers end in. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.languages import UNKNOWN, standard_tag
from videos.chapters.chapter import Chapter

LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_ID, LONGEST_LABEL = 255, 5000, 255, 100
MOST_TAGS, LONGEST_VALUE = 100, 200
MOST_CAPTIONS = 200
MOST_SUBTAGS = 8
MARK = "imported_from"  # in a video's metadata: where it came from, and what is still missing
MISSING, CHAPTERS_MISSING = "captions_missing", "chapters_missing"
CHANGED_AT = "file_changed_at"  # in the mark of what a folder held
SCHEMES = ("http://", "https://")
# They turn the direction of what follows, and let a title read as something else.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
Model = TypeVar("Model", bound=BaseModel)
# A time without a zone is taken for one in UTC.
InUtc = Annotated[datetime, AfterValidator(lambda at: at if at.tzinfo else at.replace(tzinfo=UTC))]


class AnswerUnusable(InvalidInput):
    """What another system says of a video is not what its interface promises; the message says where."""

    code = "answer_unusable"


class Answer(BaseModel):
    """A part of an answer: what is not named here is not looked at; a wrong type is an error, null counts as missing."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class FoundCaption:
    """A text of a video: its address, or the file that it is, and what is said of it."""

    source: str | Path
    language: str
    label: str = ""
    is_for_deaf: bool = False


@dataclass(frozen=True, slots=True)
class FoundVideo:
    """A video elsewhere. `source` is an address of the web, or a file of this machine."""

    external_id: str
    source: str | Path
    title: str
    description: str = ""
    creator_id: str = ""
    metadata: Mapping[str, Any] | None = None
    captions: tuple[FoundCaption, ...] = ()
    chapters: tuple[Chapter, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says of a video, and how to learn the rest.

    `load` raises GilfoyleError; where it is told that this is but a try, it changes nothing over there. What is
    `at_hand` costs nothing to load, and is compared also with a video that is whole.
    """

    external_id: str
    title: str
    published_at: datetime | None
    load: Callable[[bool], FoundVideo]
    at_hand: bool = False


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An entry of a list that could not be understood, and why."""

    where: str
    error: InvalidInput


def read_answer(model: type[Model], answer: object, *, what: str) -> Model:
    """Return an answer's parts.

    Raises: AnswerUnusable.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        message = f"{what}: {place + ': ' if place else ''}{first['msg']}."
        raise AnswerUnusable(message, hint="Look at the answer; this video is left out.") from None
    except RecursionError as error:
        message = f"{what}: it is nested too deep."
        raise AnswerUnusable(message) from error


def read_json(data: bytes, *, what: str) -> object:
    """Return what JSON says.

    Raises: AnswerUnusable.
    """
    try:
        answer: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"{what}: this is no JSON."
        raise AnswerUnusable(message) from error
    return answer


def one_line(text: str | None, longest: int) -> str:
    """Return a text in one line, without control characters, cut to its length."""
    return " ".join(_shown(text or "", kept="").split())[:longest].strip()


def many_lines(text: str | None) -> str:
    """Return a description without control characters but line ends and tabs, cut to its length."""
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return _shown(lines, kept="\n\t")[:LONGEST_DESCRIPTION].strip()


def _shown(text: str, kept: str) -> str:
    spaced = (" " if one.isspace() and one not in kept else one for one in text)
    return "".join(
        one
        for one in spaced
        if one in kept or (unicodedata.category(one) not in {"Cc", "Cs"} and one not in _TURNING)
    )


def require_id(text: str, *, what: str) -> str:
    """Return another system's id as it is. Raises: AnswerUnusable where it can't be kept as it is."""
    if not text or len(text) > LONGEST_ID or text != one_line(text, LONGEST_ID):
        message = f"{what}: the id can't be kept as it is."
        raise AnswerUnusable(
            message, hint=f"An id has 1 to {LONGEST_ID} characters, all of which can be seen."
        )
    return text


def require_address(text: str | None, *, what: str) -> str:
    """Return an address of the web; whether it may be connected to is asked at the door.

    Raises: AnswerUnusable, for files and buckets above all: an answer must not name what lies on this side.
    """
    if not text or not text.lower().startswith(SCHEMES):
        message = f"{what}: there is no http:// or https:// address."
        raise AnswerUnusable(message)
    return text


def caption_of(source: str | Path, tag: str, *, label: str = "", is_for_deaf: bool = False) -> FoundCaption:
    """Return a text with its language in BCP 47; what of a tag is none becomes the label, so that it is not lost."""
    parts = tag.replace("_", "-").split("-")
    ends = range(min(len(parts), MOST_SUBTAGS), 0, -1)
    read = ((standard_tag("-".join(parts[:end])), end) for end in ends)
    language, end = next(((found, end) for found, end in read if found), (UNKNOWN, 0))
    rest = "-".join(parts[end:])
    return FoundCaption(
        source, language, one_line(label, LONGEST_LABEL) or one_line(rest, LONGEST_LABEL), is_for_deaf
    )


def metadata_of(system: str, url: str, published_at: datetime | None, **values: object) -> dict[str, Any]:
    """Return what our rows have no column for, under the keys of docs/migrate-from.md; what is empty is left out."""
    kept = {"published_at": in_words(published_at), **{name: _kept(value) for name, value in values.items()}}
    mark = {"system": system, "url": one_line(url, 2048)}
    return {
        **{name: value for name, value in kept.items() if value not in ("", [], None)},
        MARK: {name: value for name, value in mark.items() if value},
    }


def _kept(value: object) -> object:
    if isinstance(value, str):
        return one_line(value, LONGEST_VALUE)
    if isinstance(value, list | tuple):
        words = [one_line(str(one), LONGEST_VALUE // 2) for one in value]
        return [one for one in words if one][:MOST_TAGS]
    return in_words(value) if isinstance(value, datetime) else value


def in_words(at: datetime | None) -> str:
    """Return a moment in UTC as metadata keeps it; "" for none."""
    if at is None:
        return ""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError):  # at the ends of the calendar
        return ""
