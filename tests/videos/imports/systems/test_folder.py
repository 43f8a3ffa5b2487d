from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.imports.systems.recorded import JUNK, places, recorded, spoilt
from videos.chapters.chapter import Chapter
from videos.imports.systems.folder import (
    FileBeside,
    captions_of,
    id_of,
    map_file,
    read_sidecar,
    sidecar_of,
)
from videos.imports.systems.found import AnswerUnusable, FoundVideo

CHANGED = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
INFO = recorded("yt_dlp.info.json")


def mapped(sidecar: Any = None, *beside: str, name: str = "film.mp4") -> FoundVideo:
    file = FileBeside(Path("/in/many") / name, PurePosixPath("many") / name, CHANGED, frozenset(beside))
    return map_file(file, None if sidecar is None else read_sidecar(sidecar, what="film.json"))[0]


def test_a_bare_file_is_known_by_its_path_and_its_time() -> None:
    found = mapped()
    assert (found.external_id, found.title, found.source) == (
        "many/film.mp4",
        "film.mp4",
        Path("/in/many/film.mp4"),
    )
    assert found.metadata == {"published_at": "2020-01-02T03:04:05Z", "imported_from": {"system": "folder"}}


def test_what_yt_dlp_wrote_is_kept() -> None:
    found = mapped(INFO, "film.mp4", "film.info.json", "film.en.vtt")
    assert (found.external_id, found.title) == ("BaW_jenozKc", "The harbour \"at dawn\" 'ß★'")
    assert found.description == "A morning in the harbour.\n\nMusic: none."
    assert found.chapters == (Chapter(0, "Night"), Chapter(4000, "Dawn"))
    assert found.metadata == {
        "published_at": "2012-10-02T17:17:24Z",
        "tags": ["sea", "dawn"],
        "categories": ["Travel & Events"],
        "privacy": "public",
        "account": "Harbour films",
        "channel": "Harbour films",
        "imported_from": {"system": "folder", "url": "https://videos.example.com/watch?v=BaW_jenozKc"},
    }
    # What the file says of paths is nothing to go by.
    assert [(caption.source, caption.language) for caption in found.captions] == [
        (Path("/in/many/film.en.vtt"), "en")
    ]


def test_a_file_of_ones_own_says_what_it_wants() -> None:
    said = {
        "external_id": "post-1",
        "creator_id": "user-17",
        "title": "First",
        "published_at": "2019-05-06",
        "metadata": {"album": "2019"},
    }
    found = mapped(said)
    assert (found.external_id, found.creator_id, found.title) == ("post-1", "user-17", "First")
    assert found.metadata is not None
    assert (found.metadata["album"], found.metadata["published_at"]) == ("2019", "2019-05-06T00:00:00Z")
    assert mapped({"id": 17}).external_id == "17"
    day = mapped({"upload_date": "20190506"}).metadata or {}
    assert day["published_at"] == "2019-05-06T00:00:00Z"


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ([], "film.json: "),
        ({"title": 17}, "title"),
        ({"upload_date": "20191399"}, "upload_date"),
        ({"timestamp": 1e300}, "timestamp"),
        ({"timestamp": float("nan")}, "timestamp"),
        ({"chapters": [{"start_time": -1}]}, r"chapters\.0\.start_time"),
        ({"id": "a\nb"}, "id"),
        ({"published_at": "2019-05-06T10:00:00"}, "published_at"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(said: Any, place: str) -> None:
    with pytest.raises(AnswerUnusable, match=place):
        mapped(said)


@given(st.sampled_from(places(INFO)), JUNK)
def test_whatever_stands_there_is_mapped_or_refused(place: tuple[str | int, ...], junk: Any) -> None:
    try:
        found = mapped(spoilt(INFO, place, junk), "film.en.vtt")
    except AnswerUnusable:
        return
    assert found.source == Path("/in/many/film.mp4")
    assert 0 < len(found.external_id) <= 255
    assert found.title == " ".join(found.title.split())


@pytest.mark.parametrize(
    ("beside", "known"),
    [
        (["film.en.vtt"], [("film.en.vtt", "en", "", False)]),
        (
            ["film.pt-BR.srt", "film.vtt"],
            [("film.vtt", "und", "", False), ("film.pt-BR.srt", "pt-BR", "", False)],
        ),
        (["film.de.srt", "film.de.vtt"], [("film.de.vtt", "de", "", False)]),
        (
            ["film.en.sdh.vtt", "film.EN.VTT"],
            [("film.EN.VTT", "en", "", False), ("film.en.sdh.vtt", "en", "", True)],
        ),
        (["film.hi.vtt"], [("film.hi.vtt", "hi", "", False)]),  # Hindi
        (["film2.en.vtt", "other.en.vtt", "film.en.txt", "film.json"], []),
        (["film.part2.mp4", "film.part2.en.vtt"], []),
        (["film.en.ass", "film.en.vtt", "film.en.nfo"], [("film.en.vtt", "en", "", False)]),
    ],
)
def test_texts_are_found_by_their_names(beside: list[str], known: list[tuple[str, str, str, bool]]) -> None:
    found = captions_of(Path("/in/film.mp4"), ["film.mp4", *beside])
    assert [(Path(one.source).name, one.language, one.label, one.is_for_deaf) for one in found] == known


def test_the_better_file_beside_is_read() -> None:
    names = ["film.json", "film.mp4.json", "film.info.json", "film.mp4"]
    assert sidecar_of(Path("film.mp4"), names) == "film.info.json"
    assert sidecar_of(Path("film.mp4"), names[:2]) == "film.mp4.json"
    assert sidecar_of(Path("film.mp4"), names[:1]) == "film.json"
    assert sidecar_of(Path("film.mp4"), names[3:]) is None


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), min_size=1))
def test_every_path_has_an_id_that_can_be_kept(parts: list[str]) -> None:
    text = id_of(PurePosixPath(*parts))
    text.encode()
    assert 0 < len(text) <= 255
