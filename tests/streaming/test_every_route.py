"""Every playback address there is asks the gate, and nothing else decides. A new one is covered on its first day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings

from streaming import urls
from streaming.addresses import embed_path
from streaming.admission import Admission
from streaming.errors import PlaybackUnavailable
from streaming.explain.asking import Question, read_wish
from streaming.gate import Wish
from tests.streaming.clip import store_track
from tests.streaming.whole_application import Answer, WholeApplication, connection_kept

PARTS = {"rendition": "v240", "number": "00000", "file": "master.m3u8"}
STORED = ("poster.jpg", "storyboard-000.jpg", "preview.webp", "v240/init.mp4", "v240/00000.m4s")
_PART = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")


def paths_of(video: Any, token: str) -> list[str]:
    """Return one path for each playback route, and for each kind of stored file."""
    owner = {"token": token, "project": video.project_id, "video": video.pk, "revision": video.revision}
    known = {**PARTS, **owner, "track": store_track(video, (0, 1, "Hello")).pk}
    filled = (_PART.sub(lambda part: known[str(part[1])], str(one.pattern)) for one in urls.urlpatterns)
    folder = f"/play/{token}/{video.project_id}/{video.pk}/{video.revision}/"
    return [
        *("/" + path.strip("^$").replace("\\", "") for path in filled),
        *(folder + name for name in STORED),
    ]


@pytest.fixture(autouse=True)
def with_public_reports(settings: Any) -> None:
    """Let the form that is there only where it is wanted be there."""
    safety = settings.GILFOYLE.safety
    wanted = safety.public_reports.model_copy(update={"enabled": True})
    safety = safety.model_copy(update={"public_reports": wanted})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})


@pytest.fixture
def app(db: None) -> Iterator[WholeApplication]:
    del db
    with connection_kept():
        yield WholeApplication()


def ask(app: WholeApplication, path: str, embed: str) -> Answer:
    if path == "/oembed":  # the only one that is told the address in another way
        return app.call(path, query=urlencode({"url": settings.GILFOYLE.public_url + embed}))
    return app.call(path, "POST" if path.endswith("/refresh") else "GET")


def test_every_address_asks_the_gate_and_gives_nothing_without_its_word(app, video, mint, monkeypatch):
    asked: list[Wish] = []

    def refuse(_self: Admission, wish: Wish, **_more: object) -> None:
        asked.append(wish)
        message = "Nobody knows."
        raise PlaybackUnavailable(message)

    token = mint(video, session_ttl_s=3600)
    paths = paths_of(video, token)
    assert len(paths) == len(set(paths)) == len(urls.urlpatterns) + len(STORED)
    embed = embed_path(token, video.project_id, video.pk)
    monkeypatch.setattr(Admission, "admit", refuse)
    for path in paths:
        asked.clear()
        answer = ask(app, path, embed)
        assert answer.status == 503, path
        assert not any(
            mark in answer.body for mark in (b"ftyp", b"#EXTM3U", b"<MPD", b"WEBVTT", b"/play/")
        ), path
        assert asked, path
        # And whoever asks for an explanation of an address is told about the very same wish.
        explained = read_wish(
            Question(video.project_id, video.pk, address=path if path != "/oembed" else embed)
        )
        assert explained == asked[0], path


def test_the_same_addresses_answer_once_the_gate_says_yes(app, video, mint):
    token = mint(video, session_ttl_s=3600)
    embed = embed_path(token, video.project_id, video.pk)
    statuses = {path: ask(app, path, embed).status for path in paths_of(video, token)}
    # So the test above does not pass because nothing answers at all. This video has no key, no storyboard and no chapters.
    missing = {path.rsplit("/", 1)[1] for path, status in statuses.items() if status == 404}
    assert missing == {"chapters.json", "key", "storyboard.vtt", "storyboard-000.jpg", "preview.webp"}
    assert {status for status in statuses.values() if status != 404} == {200, 307}
