"""Commands of pages that bring videos over: a list by its own lines, and a library of another system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.docs.terminal import typed_in
from tests.docs.test_commands import lines_of, typed
from tests.factories import make_project
from tests.file_server import Offer, file_server
from tests.house.pages import block
from tests.sealing import read_source
from tests.videos.imports.arriving import allow_loopback
from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import Told, moved_to, system_server
from videos.catalog import services as catalog
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
FILM = os.urandom(2000)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which it is typed, where whoever waits finds all videos ready."""
    monkeypatch.chdir(tmp_path)

    def end(_pause_s: float) -> None:
        for video in Video.objects.filter(status="processing"):
            catalog.mark_ready(video_id=video.pk)

    monkeypatch.setattr("videos.management.importing.time.sleep", end)
    return tmp_path


def test_a_list_is_tried_and_imported(here: Path, settings: Any) -> None:
    make_project("Default")
    (here / "exports").mkdir()
    (here / "exports" / "second.mp4").write_bytes(os.urandom(2000))
    with file_server() as server:
        allow_loopback(settings, server)
        server.offers["/static/web-videos/7f4b.mp4"] = Offer(FILM)
        shown = block("docs/migrate-from.md#any-other-system/text").text
        (here / "list.csv").write_text(shown.replace("https://old.example.com", server.url("")))
        tried, done = lines_of("docs/migrate-from.md#any-other-system/console")
        assert "2 of 2 would be imported." in typed(tried)
        assert not Video.objects.exists()
        assert "2 of 2 imported and ready." in typed(done)
    harbour, bridge = Video.objects.order_by("-title")
    assert (harbour.title, harbour.external_id, harbour.creator_id) == (
        "The harbour", "7f4b2c1e-0000-4000-8000-000000000001", "17"
    )  # fmt: skip
    assert (harbour.metadata, read_source(harbour)) == ({"tags": ["sea"]}, FILM)
    assert (bridge.title, bridge.external_id) == ("The bridge", "b21d")


def test_the_list_of_the_readme_is_tried(here: Path, settings: Any) -> None:
    make_project()
    shown, tried = typed_in(block("README.md#commands/console"))
    (here / "many").mkdir()
    (here / "many" / "1.mp4").write_bytes(FILM)
    name = shown.command.removeprefix("cat ")
    assert tried.command.split()[-2:] == [name, "--dry-run"]
    with file_server() as server:
        allow_loopback(settings, server)
        server.offers["/2.mp4"] = Offer(FILM[:1000])
        (here / name).write_text(shown.answer.replace("https://files.example.com", server.url("")))
        assert "2 of 2 would be imported." in typed(tried.command.removeprefix(".venv/bin/python manage.py "))


def test_a_library_of_peertube_is_tried_and_brought_over(
    here: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project("Default")
    monkeypatch.setenv("PEERTUBE_TOKEN", "abc")
    origin, api = "https://tube.example.com", "/api/v1/videos"
    with system_server() as server:
        allow_loopback(settings, server)
        item = recorded("peertube_list.json")["data"][0]
        server.routes["/api/v1/users/me/videos"] = lambda _asked: {"total": 1, "data": [item]}
        for part in ("captions", "chapters", "source", "token"):  # an old instance has none of them
            server.routes[f"{api}/{item['uuid']}/{part}"] = lambda _asked: Told(404)
        video = moved_to(recorded("peertube_video.json"), server, origin)
        server.routes[f"{api}/{item['uuid']}"] = lambda _asked: video
        server.offers[f"/download/web-videos/{item['uuid']}-1080.mp4"] = Offer(FILM)
        address = "docs/migrate-from.md#moving-here-from-peertube-mediacms-mux-a-folder/console"
        tried, done = [line.replace(origin, server.origin) for line in lines_of(address)]
        assert "1 of 1 would be imported." in typed(tried)
        assert not Video.objects.exists()
        assert "1 of 1 imported" in typed(done)
    assert Video.objects.get().external_id == item["uuid"]
