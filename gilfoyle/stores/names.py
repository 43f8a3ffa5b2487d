"""The families of names in the media store, strictly: what does not have one of these shapes is not Gilfoyle's.

docs/storage.md has the same table in words. `videos/layout.py` makes the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SOURCE, UPLOAD, REVISION, TRACK = "source", "upload", "revision", "track"
SELF_TEST, UNFINISHED = "self-test", "unfinished"
_WORD = r"[0-9A-Za-z_-]{1,64}"
_OWNED = rf"(?P<project>{_WORD})/(?P<owner>{_WORD})"
_PICTURE = r"(?:poster|preview|storyboard-\d{3,6})\.[0-9a-z]{2,5}"
_MADE = rf"(?:{_PICTURE}|(?:poster|preview|storyboard)-\d{{1,10}}/{_PICTURE}|text/{_WORD}\.vtt|{_WORD}/(?:init\.mp4|\d{{5,9}}\.m4s))"
_SHAPES = {
    SOURCE: re.compile(rf"sources/{_OWNED}/{_WORD}/source(?:-{_WORD})?", re.ASCII),
    UPLOAD: re.compile(rf"uploads/{_OWNED}/{_WORD}", re.ASCII),
    REVISION: re.compile(rf"renditions/{_OWNED}/(?P<revision>{_WORD})/{_MADE}", re.ASCII),
    TRACK: re.compile(rf"tracks/{_OWNED}/{_WORD}\.vtt", re.ASCII),
    SELF_TEST: re.compile(
        rf"(?:doctor|(?:(?:sources|uploads|renditions|tracks)/)?selftest)/{_WORD}", re.ASCII
    ),
    UNFINISHED: re.compile(rf"incoming/{_WORD}", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a name says: whose an object is (a video, an upload; "": nobody's)."""

    family: str
    project_id: str = ""
    owner: str = ""
    revision: str = ""


def parse_name(name: str) -> Parsed | None:
    """Return what a name says; None where it is none of Gilfoyle's."""
    for family, shape in _SHAPES.items():
        if (found := shape.fullmatch(name)) is not None:
            said = found.groupdict()
            return Parsed(family, said.get("project", ""), said.get("owner", ""), said.get("revision", ""))
    return None
