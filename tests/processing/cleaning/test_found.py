from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.cleaning.found import (
    KINDS,
    Found,
    FoundStream,
    count_telling,
    find_difference,
    kind_of_tag,
    parse_found,
)

PLACE = tuple(f"GPS(13.40{second}0,52.5200,19)" for second in range(5))


def stream(**changes: Any) -> FoundStream:
    facts: dict[str, Any] = {
        "index": 0,
        "type": "video",
        "codec": "h264",
        "is_cover": False,
        "dispositions": ("default",),
        "tags": (),
        "kept_tags": {},
        "packets": 30,
        "digest": "d",
        "properties": (320, 180),
        "picture": ("320x180 yuv420p 0",),
        "end_s": 1.0,
        "notes": 0,
        "texts": (),
    }
    return FoundStream(**{**facts, **changes})


def found(*streams: FoundStream, **changes: Any) -> Found:
    return replace(Found(tags=(), chapters=0, is_damaged=False, streams=streams), **changes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("location", "location"),
        ("location-eng", "location"),
        ("com.apple.quicktime.location.iso6709", "location"),
        ("com.apple.quicktime.location.accuracy.horizontal", "location"),
        ("com.apple.quicktime.make", "device"),
        ("model-eng", "device"),
        ("com.android.version", "device"),
        ("timecode", "device"),
        ("creation_time", "dates"),
        ("com.apple.quicktime.creationdate", "dates"),
        ("date", "dates"),
        ("artist", "names"),
        ("title", "names"),
        ("comment", "names"),
        ("handler_name", "software"),
        ("encoder", "software"),
        ("major_brand", ""),
        ("language", ""),
        ("bps-eng", ""),
        ("com.somebody.mood", "other_tags"),
        ("", "other_tags"),
        ("\0\x1b[31m" * 9, "other_tags"),
    ],
)
def test_a_tag_is_told_by_what_it_is_about(name: str, kind: str) -> None:
    assert kind_of_tag(name) == kind


@given(st.text(max_size=80))
def test_every_name_has_a_kind(name: str) -> None:
    assert kind_of_tag(name) in {"", *KINDS}


def test_everything_beside_picture_sound_and_subtitles_is_counted() -> None:
    whole = found(
        stream(tags=("language", "handler_name"), notes=2),
        stream(type="video", codec="mjpeg", is_cover=True),
        stream(type="subtitle", codec="mov_text", texts=("Good morning",) * 5),
        stream(type="subtitle", codec="mov_text", texts=PLACE),
        stream(type="data", codec=""),
        stream(type="attachment", codec="ttf", tags=("filename", "mimetype"), packets=0),
        tags=("location", "location-eng", "artist"),
        chapters=3,
    )
    assert count_telling(whole, 1) == {
        "location": 2,
        "names": 2,
        "software": 1,
        "other_tags": 1,
        "chapters": 3,
        "pictures": 1,
        "positions": 1,
        "data_tracks": 1,
        "attachments": 1,
        "camera_notes": 2,
        "hidden_boxes": 1,
    }
    assert [one.texts for one in whole.kept] == [(), ("Good morning",) * 5]


def test_an_empty_file_tells_nothing() -> None:
    assert count_telling(found()) == {}


SOUND = stream(index=2, type="audio", codec="aac", kept_tags={"language": "eng"}, picture=())


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (found(stream()), "streams"),
        (found(SOUND, stream()), "streams"),
        (found(stream(), replace(SOUND, digest="e")), "last byte"),
        (found(stream(packets=29), SOUND), "last byte"),
        (found(stream(codec="hevc"), SOUND), "last byte"),
        (found(stream(picture=("320x180 yuv420p 90",)), SOUND), "shown"),
        (found(stream(end_s=0.5), SOUND), "as long"),
        (found(stream(properties=(1, 2)), SOUND), "shown"),
        (found(stream(), replace(SOUND, kept_tags={})), "language"),
        (found(stream(dispositions=()), SOUND), "what it is for"),
        (found(stream(notes=1), SOUND), "notes"),
        (found(stream(), SOUND, is_damaged=True), "can't be read"),
    ],
)
def test_whatever_differs_is_said(after: Found, word: str) -> None:
    before = found(stream(), stream(index=1, type="data"), SOUND)
    assert find_difference(before, found(stream(notes=0), replace(SOUND, index=1))) == ""
    assert word in find_difference(before, after)


def test_an_unknown_language_need_not_be_said() -> None:
    before = found(replace(SOUND, kept_tags={"language": "und"}))
    assert find_difference(before, found(replace(SOUND, kept_tags={}))) == ""


def test_the_document_of_the_child_is_read() -> None:
    one = stream(tags=("a",))
    plain = {name: getattr(one, name) for name in FoundStream.__slots__}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
    document = {"tags": ["b"], "chapters": 1, "problem": "damaged", "streams": [plain]}
    assert parse_found(document) == found(one, tags=("b",), chapters=1, is_damaged=True)
