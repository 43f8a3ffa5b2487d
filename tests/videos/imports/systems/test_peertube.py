from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.imports.systems.recorded import JUNK, places, recorded, spoilt
from videos.chapters.chapter import Chapter
from videos.imports.systems.found import AnswerUnusable, FoundVideo
from videos.imports.systems.peertube import (
    Answers,
    Place,
    find_place,
    map_video,
    read_entry,
    read_file_token,
    read_page,
    with_file_token,
)

ORIGIN = "https://tube.example.com"
UUID = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
VIDEO, CAPTIONS = recorded("peertube_video.json"), recorded("peertube_captions.json")
CHAPTERS, SOURCE = recorded("peertube_chapters.json"), recorded("peertube_source.json")


def mapped(details: Any = VIDEO, **others: Any) -> FoundVideo:
    return map_video(Answers(details, **others), origin=ORIGIN)


def changed(**changes: Any) -> Any:
    return {**VIDEO, **changes}


def test_all_that_belongs_to_a_video_is_kept() -> None:
    found = mapped(captions=CAPTIONS, chapters=CHAPTERS)
    assert (found.external_id, found.title, found.creator_id) == (
        UUID,
        "The harbour",
        "harbour@tube.example.com",
    )
    assert found.description == "A morning in the harbour.\n\nMusic: none."
    assert found.source == f"{ORIGIN}/download/web-videos/{UUID}-1080.mp4"
    assert found.metadata == {
        "published_at": "2018-10-01T10:52:46Z",
        "originally_published_at": "2010-10-01T00:00:00Z",
        "tags": ["sea", "dawn"],
        "categories": ["Travels"],
        "licence": "Attribution - Non Commercial",
        "language": "en",
        "privacy": "public",
        "account": "harbour@tube.example.com",
        "channel": "harbour_films@tube.example.com",
        "imported_from": {"system": "peertube", "url": f"{ORIGIN}/videos/watch/{UUID}"},
    }
    assert found.chapters == (Chapter(0, "Night"), Chapter(4000, "Dawn"))
    assert [(one.source, one.language, one.label) for one in found.captions] == [
        (f"{ORIGIN}/lazy-static/video-captions/0f1e2d3c-en.vtt", "en", "English"),
        # Before 7.1 there was no address, but a path.
        (f"{ORIGIN}/lazy-static/video-captions/4b5a6978-de.vtt", "de", "German (automatic)"),
    ]


def test_the_original_goes_before_what_was_made_of_it() -> None:
    assert mapped(source=SOURCE).source == f"{ORIGIN}/download/original-video-files/5c1d0e2f.mov"
    assert mapped(source={**SOURCE, "fileDownloadUrl": None}).source == mapped().source


def test_the_best_file_is_taken() -> None:
    hls = VIDEO["streamingPlaylists"]
    # Sound and picture in files of their own are joined by the instance.
    joined = mapped(changed(files=[])).source
    assert joined == f"{ORIGIN}/download/videos/generate/{UUID}?videoFileIds=201&videoFileIds=202"
    # Before 6.2 every file was whole, and said nothing of it.
    old = [{key: value for key, value in VIDEO["files"][0].items() if not key.startswith("has")}]
    assert str(mapped(changed(files=old, streamingPlaylists=[])).source).endswith("-360.mp4")
    silent = [{"files": hls[0]["files"][:1]}]
    assert str(mapped(changed(files=None, streamingPlaylists=silent)).source).endswith("-1080-fragmented.mp4")
    sound = [{"files": hls[0]["files"][1:]}]
    assert str(mapped(changed(files=[], streamingPlaylists=sound)).source).endswith("-0-fragmented.mp4")
    with pytest.raises(AnswerUnusable, match="no file to download"):
        mapped(changed(files=[], streamingPlaylists=[]))


def test_what_may_be_missing_is_not_missed() -> None:
    found = mapped({"uuid": UUID, "name": None, "nsfw": True, "files": VIDEO["files"]})
    assert (found.title, found.creator_id, found.captions) == ("", "", ())
    assert found.metadata == {"is_sensitive": True, "imported_from": {"system": "peertube"}}


@pytest.mark.parametrize(
    ("details", "place"),
    [
        (None, "the video"),
        (changed(uuid=None), "uuid"),
        (changed(uuid="a\nb"), "uuid"),
        (changed(name=["x"]), "name"),
        (changed(publishedAt="yesterday"), "publishedAt"),
        (changed(files=[{"id": "x"}]), r"files\.0\.id"),
        (changed(files=[{"id": 1, "fileUrl": "file:///etc/passwd"}]), "file 1"),
        (changed(files=[{"id": 1, "fileDownloadUrl": "s3://footage/a.mp4"}]), "file 1"),
        (changed(files=[{"id": 1, "size": -1}]), r"files\.0\.size"),
        (changed(files=[{"id": 1}] * 501), "files"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(details: Any, place: str) -> None:
    with pytest.raises(AnswerUnusable, match=place):
        mapped(details)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "s3://footage/a.vtt", "javascript:x"])
def test_no_caption_is_read_from_this_side(url: str) -> None:
    with pytest.raises(AnswerUnusable, match="a caption"):
        mapped(captions={"data": [{"language": {"id": "en"}, "fileUrl": url}]})


@given(st.sampled_from([(name, place) for name in ("details", "captions", "chapters", "source")
                        for place in places({"details": VIDEO, "captions": CAPTIONS, "chapters": CHAPTERS,
                                             "source": SOURCE}[name])]), JUNK)  # fmt: skip
def test_whatever_stands_there_is_mapped_or_refused(
    spot: tuple[str, tuple[str | int, ...]], junk: Any
) -> None:
    name, place = spot
    given = {"details": VIDEO, "captions": CAPTIONS, "chapters": CHAPTERS, "source": SOURCE}
    try:
        found = map_video(Answers(**{**given, name: spoilt(given[name], place, junk)}), origin=ORIGIN)
    except AnswerUnusable:
        return
    assert str(found.source).lower().startswith(("http://", "https://"))
    assert all(str(one.source).lower().startswith(("http://", "https://")) for one in found.captions)
    assert 0 < len(found.external_id) <= 255
    assert len(found.title) <= 255


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", "/api/v1/videos"),
        ("/a/harbour/videos", "/api/v1/accounts/harbour/videos"),
        ("/accounts/harbour@tube.example", "/api/v1/accounts/harbour@tube.example/videos"),
        ("/c/harbour_films?a=1", "/api/v1/video-channels/harbour_films/videos"),
        ("/my-library/videos", "/api/v1/users/me/videos"),
    ],
)
def test_a_page_names_its_list(path: str, asked: str) -> None:
    assert find_place(path, is_signed_in=False).path == asked


def test_private_ones_are_asked_for_by_who_is_signed_in() -> None:
    query = {"sort": "publishedAt", "nsfw": "both", "isLocal": "true"}
    assert find_place("/", is_signed_in=False) == Place("/api/v1/videos", query)
    assert find_place("/", is_signed_in=True).query["privacyOneOf"] == [1, 2, 3, 4, 5]
    with pytest.raises(AnswerUnusable, match="no page"):
        find_place("/about", is_signed_in=False)


def test_a_list_is_read_entry_by_entry() -> None:
    page = read_page(recorded("peertube_list.json"))
    entry = read_entry(page.data[0])
    assert (page.total, entry.uuid, entry.name) == (1, UUID, "The harbour")
    for bad in ({}, {"total": -1, "data": []}, {"total": 1, "data": {}}):
        with pytest.raises(AnswerUnusable):
            read_page(bad)
    with pytest.raises(AnswerUnusable):
        read_entry({"uuid": ""})


def test_a_private_file_has_a_token_of_its_own() -> None:
    token = read_file_token(recorded("peertube_token.json"))
    assert with_file_token("https://a.example/b.mp4", token).endswith("b.mp4?videoFileToken=" + token)
    assert with_file_token("https://a.example/b?c=1", "x&y").endswith("c=1&videoFileToken=x%26y")
