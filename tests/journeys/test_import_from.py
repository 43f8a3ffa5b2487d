"""From another system to videos that are here: a PeerTube instance on the loopback address, and a command that is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from tests.clips import make_clip
from tests.file_server import Offer
from tests.sealing import read_source
from tests.videos.imports.arriving import allow_loopback
from tests.videos.imports.systems.recorded import recorded
from tests.videos.imports.systems.system_server import SystemServer, moved_to, system_server
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.management.importing import FileBar
from videos.tracks.models import TextTrack

API = "/api/v1/videos"
ORIGIN = "https://tube.example.com"
UUIDS = [f"9c9de5e8-0a1e-484a-b099-e80766180a6{digit}" for digit in "def"]
TEXT = b"WEBVTT\n\n00:00.100 --> 00:00.900\nGood morning!\n"


@pytest.fixture
def tube(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemServer]:
    """An instance with three videos; the German texts are not there yet."""
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", ())
    monkeypatch.setattr("videos.uploads.appending.FLUSH_S", 0)
    data = make_clip(tmp_path / "clip.mp4", duration_s=1, size=(160, 90)).read_bytes()
    with system_server() as server:
        allow_loopback(settings, server)
        item = recorded("peertube_list.json")["data"][0]
        server.routes["/api/v1/accounts/harbour/videos"] = lambda _asked: {
            "total": 3,
            "data": [{**item, "uuid": uuid} for uuid in UUIDS],
        }
        for number, uuid in enumerate(UUIDS):
            offer_video(server, uuid)
            server.offers[f"/download/web-videos/{uuid}-1080.mp4"] = Offer(data + padding(400_000 + number))
        server.offers["/lazy-static/video-captions/0f1e2d3c-en.vtt"] = Offer(TEXT)
        yield server


def padding(size_bytes: int) -> bytes:
    """Return a box of MP4 that holds nothing, so that a file arrives in several pieces."""
    return size_bytes.to_bytes(4, "big") + b"free" + bytes(size_bytes - 8)


def offer_video(server: SystemServer, uuid: str) -> None:
    answers = {
        part: moved_to(recorded(f"peertube_{part}.json"), server, ORIGIN)
        for part in ("video", "captions", "chapters")
    }
    details = json.loads(json.dumps(answers["video"]).replace(UUIDS[0], uuid))
    server.routes[f"{API}/{uuid}"] = lambda _asked: {**details, "name": f"Harbour {uuid[-1]}"}
    server.routes[f"{API}/{uuid}/captions"] = lambda _asked: answers["captions"]
    server.routes[f"{API}/{uuid}/chapters"] = lambda _asked: answers["chapters"]


def run(server: SystemServer) -> tuple[str, str, int]:
    """Return the last line of what the command printed, what it told of as wrong, and its exit code."""
    out, err, returncode = StringIO(), StringIO(), 0
    try:
        call_command("import_from", "peertube", f"{server.origin}/a/harbour", stdout=out, stderr=err)
    except CommandError as error:
        returncode = error.returncode
    return out.getvalue().splitlines()[-1], err.getvalue(), returncode


def break_off_at(monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    """End the command in the middle of the file that is fetched as the n-th."""
    fetched: list[object] = []

    def show(bar: FileBar, received_bytes: int, _size_bytes: int | None) -> None:
        if bar not in fetched:
            fetched.append(bar)
        if len(fetched) == nth and received_bytes > 200_000:
            raise KeyboardInterrupt

    monkeypatch.setattr(FileBar, "show_arrived", show)


@pytest.mark.django_db(transaction=True)
def test_what_was_elsewhere_is_here_although_the_command_was_killed_in_the_middle(
    tube: SystemServer, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        break_off_at(patched, 2)
        _last, wrong, returncode = run(tube)
    assert (returncode, Video.objects.count()) == (130, 2)
    assert "text de (German (automatic)): " in wrong
    # As after kill -9: nobody gave anything back.
    over = timezone.now() - timedelta(seconds=1)
    begun = Import.objects.get(status="waiting")
    Import.objects.filter(pk=begun.pk).update(status="fetching", lease_owner="gone:1", lease_expires_at=over)

    tube.offers["/lazy-static/video-captions/4b5a6978-de.vtt"] = Offer(TEXT)
    tube.asked.clear()
    monkeypatch.setattr("videos.management.commands.import_from.PAUSE_S", 0)
    assert run(tube) == ("2 of 3 imported, 1 there already.", "", 0)
    files = [(path, headers.get("range", "")) for path, headers in tube.asked if path.endswith(".mp4")]
    assert [path.split("/")[-1] for path, _ in files] == [f"{uuid}-1080.mp4" for uuid in (UUIDS[2], UUIDS[1])]
    assert files[1][1].startswith("bytes=")  # it went on where it stopped
    tube.heard.clear()
    assert run(tube) == ("0 of 3 imported, 3 there already.", "", 0)
    assert tube.paths() == ["/api/v1/accounts/harbour/videos"]  # about what is whole nothing is asked
    assert (Video.objects.count(), TextTrack.objects.count(), Import.objects.count()) == (3, 6, 3)

    (video,) = api.get(f"{API}?external_id={UUIDS[1]}").json()["results"]
    assert (video["status"], video["title"]) == ("processing", "Harbour e")
    assert read_source(Video.objects.get(pk=video["id"])) == tube.offers[files[1][0]].data
    assert video["metadata"]["originally_published_at"] == "2010-10-01T00:00:00Z"
    assert "captions_missing" not in video["metadata"]["imported_from"]
    tracks = api.get(f"{API}/{video['id']}/tracks").json()
    assert [(track["language"], track["label"]) for track in tracks] == [
        ("en", "English"),
        ("de", "German (automatic)"),
    ]
    chapters = api.get(f"{API}/{video['id']}/chapters").json()["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["Night", "Dawn"]
