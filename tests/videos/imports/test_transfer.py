from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import NoSpace, StaleWork
from tests.factories import make_video
from tests.file_server import FileServer, Offer, file_server
from tests.sealing import read_source
from tests.videos.imports.arriving import allow_loopback, begin
from videos.catalog.models import Video
from videos.errors import SourceTooLarge
from videos.imports import services, transfer
from videos.imports.errors import ServerBusy, SourceChanged
from videos.imports.models import Import
from videos.imports.transfer import Transfer
from videos.uploads import appending
from videos.uploads.models import Upload
from videos.uploads.services import abort_upload

pytestmark = pytest.mark.django_db(transaction=True)
DATA = os.urandom(1_500_000)


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0,))
    with file_server() as server:
        server.offers["/clip.mp4"] = Offer(DATA)
        allow_loopback(settings, server)
        yield server


def claim(settings: Any, server: FileServer) -> Import:
    begun = begin(make_video(), server.url(), settings)
    return again(settings, begun)


def again(settings: Any, begun: Import) -> Import:
    """Let another worker take the import over, as after the death of the one before."""
    Import.objects.filter(pk=begun.pk).update(status="waiting", ready_at=timezone.now())
    held = services.claim_import(owner="me", lease_s=60)
    assert held is not None
    return held


def run(held: Import, settings: Any, **others: Any) -> None:
    given = {"check": lambda: None, "pause": lambda _s: None, "on_bytes": lambda _received, _size: None}
    Transfer(held, settings.GILFOYLE, **{**given, **others}).run()


def break_after(server: FileServer, size_bytes: int) -> None:
    """Let the server send so much, and then be busy."""
    offer, offer.cuts = server.offers["/clip.mp4"], [size_bytes]
    offer.before = lambda: setattr(offer, "status", 503 if len(server.asked) > 1 else 200)


def mend(server: FileServer, **others: Any) -> None:
    server.asked.clear()
    server.offers["/clip.mp4"] = Offer(**{"data": DATA, **others})


def source() -> bytes:
    video = Video.objects.get()
    assert (video.status, video.source_size_bytes) == ("processing", len(DATA))
    data = read_source(video)
    assert video.source_sha256 == hashlib.sha256(data).hexdigest()
    return data


def test_what_has_arrived_outlives_the_attempt_and_the_next_goes_on_with_it(
    server: FileServer, settings: Any, media_dir: Path
) -> None:
    held = claim(settings, server)
    break_after(server, 900_000)
    with pytest.raises(ServerBusy):
        run(held, settings)
    upload = Upload.objects.get()
    assert (upload.offset_bytes, Video.objects.get().status) == (900_000, "uploading")
    mend(server)
    heard: list[tuple[int, int | None]] = []
    run(again(settings, held), settings, on_bytes=lambda *now: heard.append(now))
    assert [headers["range"] for _path, headers in server.asked] == ["bytes=900000-"]
    assert heard[0][0] > 900_000
    assert source() == DATA
    assert Import.objects.get().status == "finished"
    assert len([path for path in (media_dir / "sources").rglob("*") if path.is_file()]) == 1


def test_what_a_killed_worker_had_made_durable_is_gone_on_with(
    server: FileServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "FLUSH_S", 0)  # every piece is durable at once
    held = claim(settings, server)
    counted = 0

    def die(received_bytes: int, _size_bytes: int | None) -> None:
        nonlocal counted
        counted = received_bytes
        if received_bytes > 500_000:
            raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr("videos.uploads.appending._Session._let_go", lambda _session: None)
        with pytest.raises(SystemExit):
            run(held, settings, on_bytes=die)
    monkeypatch.setattr("videos.uploads.resumable.GRACE_S", 0)
    server.asked.clear()
    run(again(settings, held), settings)
    (first,) = [int(headers["range"][6:-1]) for _path, headers in server.asked]
    assert 0 < first < counted
    assert source() == DATA


def test_a_file_that_changed_is_fetched_from_its_beginning(server: FileServer, settings: Any) -> None:
    held = claim(settings, server)
    break_after(server, 900_000)
    with pytest.raises(ServerBusy):
        run(held, settings)
    mend(server, data=DATA[::-1], tag='"v2"')
    run(again(settings, held), settings)
    assert source() == DATA[::-1]
    assert [headers.get("range") for _path, headers in server.asked] == ["bytes=900000-", None]


def test_a_file_that_changes_under_way_is_never_half_of_each(server: FileServer, settings: Any) -> None:
    server.offers["/clip.mp4"].cuts = [900_000]
    offer = server.offers["/clip.mp4"]
    offer.before = lambda: setattr(offer, "tag", '"v2"' if len(server.asked) > 1 else '"v1"')
    held = claim(settings, server)
    with pytest.raises(SourceChanged):
        run(held, settings)
    run(again(settings, held), settings)
    assert source() == DATA


def test_a_server_that_knows_no_ranges_is_read_from_its_beginning_and_joined(
    server: FileServer, settings: Any
) -> None:
    held = claim(settings, server)
    break_after(server, 900_000)
    with pytest.raises(ServerBusy):
        run(held, settings)
    mend(server, knows_ranges=False)
    run(again(settings, held), settings)
    assert source() == DATA


@pytest.mark.parametrize("size_bytes", [0, 1_500_000])
def test_a_file_of_unknown_length_ends_when_it_ends(
    size_bytes: int, server: FileServer, settings: Any
) -> None:
    server.offers["/clip.mp4"] = Offer(DATA[:size_bytes], tells_length=False)
    run(claim(settings, server), settings)
    video = Video.objects.get()
    assert (video.status, video.source_size_bytes) == ("processing", size_bytes)
    assert Import.objects.get().size_bytes == size_bytes


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_that_is_too_large_is_refused_before_or_while_it_comes(
    tells_length: bool, server: FileServer, settings: Any, media_dir: Path
) -> None:
    upload = settings.GILFOYLE.upload.model_copy(update={"max_size_bytes": 1_000_000})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"upload": upload})
    server.offers["/clip.mp4"].tells_length = tells_length
    held = claim(settings, server)
    with pytest.raises(SourceTooLarge):
        run(held, settings)
    if tells_length:
        assert not Upload.objects.exists()
    services.fail_import(held=held, error=SourceTooLarge("Too large."), is_final=True)
    assert Video.objects.get().status == "failed"
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_what_nobody_announced_fills_no_disk(
    server: FileServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LOOK_EACH_BYTES", 500_000)
    full = iter([10**12, 10**12, 10**12, 0])
    monkeypatch.setattr("videos.uploads.services.storage.free_bytes", lambda _kind: next(full, 0))
    server.offers["/clip.mp4"].tells_length = False
    with pytest.raises(NoSpace):
        run(claim(settings, server), settings)
    assert Upload.objects.get().status == "receiving"  # it waits, and goes on once there is room


def test_what_a_dripping_server_sent_is_kept_for_the_next_try(
    server: FileServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        slow.setattr("videos.imports.reading.STRETCH_S", 0)
        slow.setattr("videos.imports.reading.LEAST_BYTES", 10**9)
        held = claim(settings, server)
        with pytest.raises(ServerBusy, match="too slowly"):
            run(held, settings)
    run(again(settings, held), settings)
    assert source() == DATA


def test_whoever_lost_it_stops_at_the_next_piece(server: FileServer, settings: Any) -> None:
    def lost() -> None:
        raise StaleWork("lost")

    held = claim(settings, server)
    with pytest.raises(StaleWork):
        run(held, settings, check=lost)
    assert Video.objects.get().status == "uploading"


def test_where_another_upload_took_its_place_a_new_one_is_begun(server: FileServer, settings: Any) -> None:
    held = claim(settings, server)
    break_after(server, 900_000)
    with pytest.raises(ServerBusy):
        run(held, settings)
    upload = Upload.objects.get()
    abort_upload(upload=upload, why="stopped")
    mend(server)
    run(again(settings, held), settings)
    assert source() == DATA
    assert Import.objects.get().upload_id != upload.pk
