from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.imports.systems.recorded import JUNK, places, recorded, spoilt
from videos.imports.systems.found import AnswerUnusable, FoundVideo
from videos.imports.systems.mux import (
    is_preparing,
    map_asset,
    needs_master,
    read_asset,
    read_entry,
    read_page,
)

ASSET = recorded("mux_assets.json")["data"][0]
STREAM = "https://stream.mux.com/vAFLI2eKFFicXX00iHBS2vqt5JjJGg5HV6fQ4Xijgt1I"


def mapped(answer: Any = ASSET, **changes: Any) -> FoundVideo:
    return map_asset(read_asset({"data": {**answer, **changes}}))


def test_all_that_belongs_to_an_asset_is_kept() -> None:
    found = mapped()
    assert (found.external_id, found.title, found.creator_id) == (ASSET["id"], "The harbour", "user-17")
    assert found.source == ASSET["master"]["url"]
    assert found.metadata == {
        "published_at": "2020-12-13T16:27:25Z",
        "privacy": "public, signed",
        "passthrough": "post-4711",
        "external_id": "harbour-1",
        "imported_from": {"system": "mux"},
    }
    assert [(one.source, one.language, one.label, one.is_for_deaf) for one in found.captions] == [
        (f"{STREAM}/text/4WgHqZJXCaEcwfqB.vtt", "en-US", "English", True),
        (f"{STREAM}/text/8GenEratedTrack.vtt", "de", "Deutsch (auto)", False),
    ]


def test_without_a_master_the_largest_mp4_of_a_public_id_is_taken() -> None:
    assert mapped(master=None).source == f"{STREAM}/highest.mp4"
    old = {
        "status": "ready",
        "files": [
            {"name": "low.mp4", "ext": "mp4", "height": 270},
            {"name": "high.mp4", "ext": "mp4", "height": 720},
        ],
    }
    assert mapped(master=None, static_renditions=old).source == f"{STREAM}/high.mp4"
    signed = [{"id": "x", "policy": "signed"}]
    for changes in (
        {"playback_ids": signed},
        {"static_renditions": None},
        {"static_renditions": {**old, "status": "preparing"}},
    ):
        with pytest.raises(AnswerUnusable, match="neither a master nor an MP4"):
            mapped(master=None, **changes)


def test_texts_of_signed_ids_have_no_address_and_are_told_as_missing() -> None:
    found = mapped(playback_ids=[{"id": "x", "policy": "signed"}])
    assert [one.source for one in found.captions] == ["", ""]


def test_a_master_is_asked_for_where_there_is_none() -> None:
    def asset(**changes: Any) -> Any:
        return read_asset({"data": {**ASSET, **changes}})

    preparing = asset(master={"status": "preparing"})
    assert (needs_master(asset()), needs_master(asset(master=None)), needs_master(preparing)) == (
        False,
        True,
        True,
    )
    assert (is_preparing(preparing), is_preparing(asset(master=None))) == (True, False)
    for changes, words in (
        ({"status": "preparing"}, "preparing"),
        ({"is_live": True}, "live"),
        ({"status": None}, "not ready"),
    ):
        with pytest.raises(AnswerUnusable, match=words):
            needs_master(asset(**changes))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"id": None}, "id"),
        ({"id": "a/\0"}, "id"),
        ({"created_at": "soon"}, "created_at"),
        ({"created_at": 10**20}, "created_at"),
        ({"meta": []}, "meta"),
        ({"master": {"status": "ready", "url": "file:///etc/passwd"}}, "the master"),
        ({"tracks": {}}, "tracks"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(AnswerUnusable, match=place):
        mapped(**changes)


@given(st.sampled_from(places(ASSET)), JUNK)
def test_whatever_stands_there_is_mapped_or_refused(place: tuple[str | int, ...], junk: Any) -> None:
    try:
        found = mapped(spoilt(ASSET, place, junk))
    except AnswerUnusable:
        return
    assert str(found.source).startswith(("http://", "https://"))
    assert all(
        str(one.source).startswith(f"{STREAM}/text/") for one in found.captions if "playback_ids" not in place
    )


def test_a_list_is_read_entry_by_entry() -> None:
    page = read_page(recorded("mux_assets.json"))
    entry = read_entry(page.data[0])
    assert (page.next_cursor, entry.id, str(entry.published_at)) == (
        None,
        ASSET["id"],
        "2020-12-13 16:27:25+00:00",
    )
    for bad in (None, {"data": None}, {"data": [], "next_cursor": 1}):
        with pytest.raises(AnswerUnusable):
            read_page(bad)
    with pytest.raises(AnswerUnusable):
        read_asset({"data": None})
    assert read_entry({"id": "x"}).published_at is None
