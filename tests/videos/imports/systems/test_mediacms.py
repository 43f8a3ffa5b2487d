from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.imports.systems.recorded import JUNK, places, recorded, spoilt
from videos.chapters.chapter import Chapter
from videos.imports.systems.found import AnswerUnusable, FoundVideo
from videos.imports.systems.mediacms import find_author, map_media, read_entry, read_page

ORIGIN = "https://media.example.com"
MEDIA = recorded("mediacms_media.json")


def mapped(answer: Any = MEDIA, **changes: Any) -> FoundVideo:
    answer = {**answer, **changes} if changes else answer
    return map_media(answer, "oHLrDNGv6", join=lambda reference: urljoin(f"{ORIGIN}/", reference))


def test_all_that_belongs_to_a_medium_is_kept() -> None:
    found = mapped()
    assert (found.external_id, found.title, found.creator_id) == ("oHLrDNGv6", "The harbour", "harbour")
    assert found.description == "A morning in the harbour."
    assert found.source == f"{ORIGIN}{MEDIA['original_media_url']}"
    assert found.metadata == {
        "published_at": "2021-03-04T10:15:30Z",
        "tags": ["sea", "dawn"],
        "categories": ["Travel"],
        "privacy": "unlisted",
        "account": "Harbour",
        "imported_from": {"system": "mediacms", "url": f"{ORIGIN}/view?m=oHLrDNGv6"},
    }
    assert found.chapters == (Chapter(0, "Night"), Chapter(4000, "Dawn"))
    assert [(one.source, one.language, one.label) for one in found.captions] == [
        (f"{ORIGIN}/media/original/subtitles/user/harbour/en.vtt", "en", "English"),
        (f"{ORIGIN}/media/original/subtitles/user/harbour/de.vtt", "de", "German"),
    ]


def test_where_originals_are_not_shown_the_best_encoding_is_taken() -> None:
    assert mapped(original_media_url=None).source == f"{ORIGIN}/media/encoded/13/harbour/abc.mp4"
    running = {"1080": {"h264": {"url": "/media/half.mp4", "status": "running"}}}
    better = {**MEDIA["encodings_info"], **running}
    assert (
        mapped(original_media_url=None, encodings_info=better).source
        == mapped(original_media_url=None).source
    )
    with pytest.raises(AnswerUnusable, match="no file to download"):
        mapped(
            original_media_url=None,
            encodings_info={"1080": {}, "²": {"h264": {"url": "/a", "status": "success"}}},
        )


def test_times_of_chapters_are_read_however_they_are_written() -> None:
    marks = [{"startTime": "01:02.5", "chapterTitle": "A"}, {"startTime": 90, "chapterTitle": "B"}]
    assert mapped(chapter_data=marks).chapters == (Chapter(62_500, "A"), Chapter(90_000, "B"))
    for bad in ("soon", -1, 1e300, float("nan")):
        with pytest.raises(AnswerUnusable, match="chapter_data"):
            mapped(chapter_data=[{"startTime": bad, "chapterTitle": "A"}])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"title": 17}, "title"),
        ({"add_date": "yesterday"}, "add_date"),
        ({"original_media_url": "file:///etc/passwd"}, "the file"),
        ({"original_media_url": "s3://footage/a.mp4"}, "the file"),
        ({"original_media_url": "javascript:x"}, "the file"),
        ({"subtitles_info": [{"src": "file:///etc/passwd"}]}, "a subtitle"),
        ({"subtitles_info": [{"src": "/a.vtt"}] * 201}, "subtitles_info"),
        ({"tags_info": ["sea"]}, r"tags_info\.0"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(AnswerUnusable, match=place):
        mapped(**changes)


@given(st.sampled_from(places(MEDIA)), JUNK)
def test_whatever_stands_there_is_mapped_or_refused(place: tuple[str | int, ...], junk: Any) -> None:
    try:
        found = map_media(
            spoilt(MEDIA, place, junk), "oHLrDNGv6", join=lambda reference: f"{ORIGIN}/{reference}"
        )
    except AnswerUnusable:
        return
    assert str(found.source).startswith(("http://", "https://"))
    assert all(str(one.source).startswith(("http://", "https://")) for one in found.captions)


def test_a_page_names_whose_media_are_meant() -> None:
    assert (find_author("/"), find_author("/user/anna@b/?a=1")) == ("", "anna@b")
    with pytest.raises(AnswerUnusable, match="no page"):
        find_author("/search?q=x")


def test_a_list_is_read_entry_by_entry() -> None:
    page = read_page(recorded("mediacms_list.json"))
    assert [read_entry(one).media_type for one in page.results] == ["video", "image"]
    for bad in (None, {"results": 1}, {"next": 1, "results": []}):
        with pytest.raises(AnswerUnusable):
            read_page(bad)
    with pytest.raises(AnswerUnusable):
        read_entry({"friendly_token": ["x"]})
