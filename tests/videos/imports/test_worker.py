from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.storage import StorageFault
from processing.jobs.models import Job
from tests.captured_logs import logging_as
from tests.factories import make_video
from tests.file_server import FileServer, Offer, file_server
from tests.sealing import read_source
from tests.videos.imports.arriving import DATA, allow_loopback, begin
from videos.access.services import suspend_project
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.imports import services
from videos.imports.models import Import
from videos.imports.transfer import Transfer
from videos.imports.worker import ImportLease, run_next_import

# The lease is renewed from a thread of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0, 0, 0, 0))
    with file_server() as server:
        server.offers["/clip.mp4"] = Offer(DATA)
        allow_loopback(settings, server)
        yield server


def test_a_file_is_fetched_hashed_and_handed_to_processing(server: FileServer, settings: Any) -> None:
    video = make_video()
    one = begin(video, server.url("/clip.mp4?signature=secret"), settings)
    assert run_next_import()
    video.refresh_from_db()
    assert (video.status, video.source_sha256) == ("processing", hashlib.sha256(DATA).hexdigest())
    assert read_source(video) == DATA
    assert Job.objects.filter(video=video).count() == 1
    one.refresh_from_db()
    assert (one.status, one.received_bytes, one.size_bytes, one.version) == (
        "finished", len(DATA), len(DATA), '"v1"',
    )  # fmt: skip
    assert one.source_url == server.url()
    assert server.asked[0][0] == "/clip.mp4?signature=secret"
    assert not run_next_import()


def test_broken_connections_are_gone_on_from_where_they_broke(server: FileServer, settings: Any) -> None:
    server.offers["/clip.mp4"].cuts = [100_000, 0, 0, 200_000, 1]
    video = make_video()
    begin(video, server.url(), settings)
    run_next_import()
    video.refresh_from_db()
    assert read_source(video) == DATA
    ranges = [headers.get("range") for _path, headers in server.asked]
    assert ranges == [
        None,
        "bytes=100000-",
        "bytes=100000-",
        "bytes=100000-",
        "bytes=300000-",
        "bytes=300001-",
    ]
    assert {headers.get("if-range") for _path, headers in server.asked[1:]} == {'"v1"'}


def test_fifty_cuts_at_any_place_change_no_byte(server: FileServer, settings: Any) -> None:
    server.offers["/clip.mp4"].cuts = random.Random(4).choices(range(1, 25_000), k=50)  # noqa: S311 - the same cuts each time
    video = make_video()
    begin(video, server.url(), settings)
    run_next_import()
    video.refresh_from_db()
    assert len(server.asked) == 51
    assert read_source(video) == DATA


def test_what_is_not_there_fails_its_video_in_words(server: FileServer, settings: Any) -> None:
    video = make_video()
    one = begin(video, server.url("/other.mp4"), settings)
    run_next_import()
    one.refresh_from_db()
    video.refresh_from_db()
    assert (one.status, one.failure_code, one.attempt) == ("failed", "source_not_there", 1)
    assert (video.status, video.failure_code) == ("failed", "source_not_there")
    assert video.failure_message == "The server answered 404 (Not Found)."
    begin(video, server.url(), settings)
    run_next_import()
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("processing", "")


def test_a_server_that_is_busy_is_asked_again_later(server: FileServer, settings: Any) -> None:
    server.offers["/clip.mp4"].status = 503
    video = make_video()
    one = begin(video, server.url(), settings)
    run_next_import()
    one.refresh_from_db()
    assert (one.status, one.faults, one.failure_code) == ("waiting", 1, "server_busy")
    assert one.ready_at > timezone.now() + timedelta(seconds=5)
    assert Video.objects.get().status == "awaiting_upload"
    server.offers["/clip.mp4"].status = 200
    Import.objects.update(ready_at=timezone.now())
    run_next_import()
    one.refresh_from_db()
    assert (one.status, one.attempt) == ("finished", 2)


def test_at_most_so_many_run_at_once_in_a_process(server: FileServer, settings: Any) -> None:
    allow_loopback(settings, server, at_once=1)
    begin(make_video(), server.url(), settings)
    second = begin(make_video(), server.url(), settings)
    asked: list[bool] = []
    server.offers["/clip.mp4"].before = lambda: asked.append(run_next_import()) if not asked else None
    assert run_next_import()
    assert asked == [False]  # from the server's thread, while the first one waited for it
    second.refresh_from_db()
    assert second.status == "waiting"
    assert run_next_import()


@pytest.mark.usefixtures("media_dir")
def test_what_waits_for_room_waits_without_a_fault(server: FileServer, settings: Any) -> None:
    stored = settings.GILFOYLE.storage.model_copy(update={"reserve_bytes": 2**62})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": stored})
    one = begin(make_video(), server.url(), settings)
    run_next_import()
    one.refresh_from_db()
    assert (one.status, one.faults, one.failure_code) == ("waiting", 0, "no_space")


def test_an_upload_that_is_faster_is_waited_for(server: FileServer, settings: Any) -> None:
    video = make_video()
    one = begin(video, server.url(), settings)
    catalog.begin_receiving(video_id=video.pk)
    run_next_import()
    one.refresh_from_db()
    assert (one.status, one.faults, one.failure_code) == ("waiting", 0, "upload_in_progress")


def test_what_nobody_foresaw_is_our_fault_and_tried_again(
    server: FileServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_transfer: Transfer) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Transfer, "run", break_down)
    one = begin(make_video(), server.url(), settings)
    with logging_as():
        run_next_import()
    one.refresh_from_db()
    assert (one.status, one.failure_code, one.failure_message) == ("waiting", "import_fault", services.OURS)


def test_a_store_that_fails_is_our_fault_and_tells_nothing(
    server: FileServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_transfer: Transfer) -> None:
        raise StorageFault("The object store at 10.0.0.5 could not be used.")

    monkeypatch.setattr(Transfer, "run", fail)
    one = begin(make_video(), server.url(), settings)
    run_next_import()
    one.refresh_from_db()
    assert (one.status, one.failure_message) == ("waiting", services.OURS)


def test_a_lease_that_is_lost_is_told_at_the_next_check(server: FileServer, settings: Any) -> None:
    one = begin(make_video(), server.url(), settings)
    held = services.claim_import(owner="me", lease_s=60)
    assert held is not None
    lease = ImportLease(held, lease_s=0.2)
    with lease.held():
        lease.check()
        Import.objects.filter(pk=one.pk).update(attempt=7)
        with pytest.raises(StaleWork):
            lease.pause(60)


def test_a_suspended_project_imports_nothing(server: FileServer, settings: Any) -> None:
    video = make_video()
    begin(video, server.url(), settings)
    suspend_project(project=video.project)
    run_next_import()
    assert Import.objects.get().failure_code == "project_suspended"


def test_a_cancelled_import_stops_and_leaves_nothing(
    server: FileServer, settings: Any, media_dir: Any
) -> None:
    video = make_video()
    server.offers["/clip.mp4"].cuts = [100_000]

    def cancel_the_second_time() -> None:
        if len(server.asked) == 2:
            services.cancel_import(video_id=video.pk)

    server.offers["/clip.mp4"].before = cancel_the_second_time
    one = begin(video, server.url(), settings)
    run_next_import()
    one.refresh_from_db()
    video.refresh_from_db()
    assert (one.status, video.status) == ("cancelled", "awaiting_upload")
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []
