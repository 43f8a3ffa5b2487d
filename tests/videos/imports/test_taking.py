from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from tests.factories import make_project, make_video
from tests.file_server import FileServer, Offer, file_server
from tests.videos.imports.arriving import DATA, allow_loopback
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.imports import services
from videos.imports.collecting import Wish
from videos.imports.models import Import
from videos.imports.taking import Taken, Taking, _ended, begin, fetch_held, look_up, take
from videos.imports.worker import run_import, run_next_import
from videos.uploads.services import receive_source

# The lease of an import is renewed from a thread of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0, 0, 0, 0))
    with file_server() as server:
        server.offers["/clip.mp4"] = Offer(DATA)
        allow_loopback(settings, server)
        yield server


def taking(project: Project, settings: Any, heard: list[tuple[int, int]] | None = None) -> Taking:
    def hear(*now: int | None) -> None:
        (heard if heard is not None else []).append((now[0] or 0, now[1] or 0))

    return Taking(project, settings.GILFOYLE, hear, hear)


def file_wish(folder: Path, data: bytes = DATA, name: str = "a.mp4") -> Wish:
    path = folder / name
    path.write_bytes(data)
    return Wish(str(path), {"title": name}, path)


def web_wish(server: FileServer, path: str = "/clip.mp4") -> Wish:
    return Wish(server.url(path), {"title": path})


def there() -> list[str]:
    return [video.pk for video in Video.objects.exclude(status="deleting")]


def test_the_same_bytes_are_imported_once_into_a_project(
    tmp_path: Path, project: Project, settings: Any
) -> None:
    heard: list[tuple[int, int]] = []
    first = take(file_wish(tmp_path), taking(project, settings, heard))
    assert (first.outcome, heard[-1]) == ("imported", (len(DATA), len(DATA)))
    again = take(file_wish(tmp_path, name="b.mp4"), taking(project, settings))
    assert again == Taken("present", first.video)
    assert take(file_wish(tmp_path, DATA[::-1]), taking(project, settings)).outcome == "imported"
    assert take(file_wish(tmp_path), taking(make_project(), settings)).outcome == "imported"
    assert len(there()) == 3


def test_of_a_deleted_video_nothing_is_there(tmp_path: Path, project: Project, settings: Any) -> None:
    first = take(file_wish(tmp_path), taking(project, settings))
    assert first.video is not None
    catalog.delete_video(video=first.video)
    assert take(file_wish(tmp_path), taking(project, settings)).outcome == "imported"


def test_what_could_not_be_processed_is_not_tried_with_the_same_bytes(
    tmp_path: Path, project: Project, settings: Any
) -> None:
    first = take(file_wish(tmp_path), taking(project, settings))
    assert first.video is not None
    catalog.mark_failed(video_id=first.video.pk, code="source_not_media", message="This is not a media file.")
    again = take(file_wish(tmp_path), taking(project, settings))
    assert again.outcome == "failed"
    assert again.words.endswith("This is not a media file.")


def test_a_source_that_another_one_replaced_is_not_there(
    tmp_path: Path, project: Project, settings: Any
) -> None:
    video = take(file_wish(tmp_path), taking(project, settings)).video
    assert video is not None
    catalog.mark_failed(video_id=video.pk, code="source_not_media", message="This is not a media file.")
    receive_source(video=video, length_bytes=1, read=io.BytesIO(b"x").read, config=settings.GILFOYLE)
    assert take(file_wish(tmp_path), taking(project, settings)).outcome == "imported"


def test_a_file_without_a_mark_is_told_by_its_bytes_alone(
    project: Project, settings: Any, server: FileServer
) -> None:
    server.offers["/clip.mp4"] = Offer(DATA, tag="")
    assert take(web_wish(server), taking(project, settings)).outcome == "imported"
    server.offers["/clip.mp4"] = Offer(DATA[::-1], tag="")
    assert take(web_wish(server), taking(project, settings)).outcome == "imported"
    assert take(web_wish(server), taking(project, settings)).outcome == "present"


def test_a_look_writes_nothing(tmp_path: Path, project: Project, settings: Any, server: FileServer) -> None:
    file, web = file_wish(tmp_path), web_wish(server)
    assert [look_up(wish, taking(project, settings)).outcome for wish in (file, web)] == ["imported"] * 2
    assert look_up(web_wish(server, "/none"), taking(project, settings)).outcome == "failed"
    assert (
        look_up(Wish("x", {}, tmp_path / "x"), taking(project, settings)).words
        == "No such file or directory."
    )
    assert (there(), Import.objects.count()) == ([], 0)
    first = take(file, taking(project, settings))
    assert look_up(file, taking(project, settings)) == Taken("present", first.video)


def test_an_address_is_fetched_at_once_and_not_again_while_it_is_the_same(
    project: Project, settings: Any, server: FileServer
) -> None:
    heard: list[tuple[int, int]] = []
    first = take(web_wish(server), taking(project, settings, heard))
    assert (first.outcome, heard[-1]) == ("imported", (len(DATA), len(DATA)))
    assert take(web_wish(server), taking(project, settings)) == Taken("present", first.video)
    server.offers["/clip.mp4"].tag = '"v2"'  # fetched again, and then found to be the same
    assert take(web_wish(server), taking(project, settings)) == Taken("present", first.video)
    server.offers["/clip.mp4"] = Offer(DATA[::-1], tag='"v3"')
    assert take(web_wish(server), taking(project, settings)).outcome == "imported"
    assert len(there()) == 2


def test_what_can_not_be_fetched_leaves_no_video(project: Project, settings: Any, server: FileServer) -> None:
    none = take(web_wish(server, "/none.mp4"), taking(project, settings))
    assert none.words == "The server answered 404 (Not Found). Check the address."
    server.offers["/clip.mp4"].before = lambda: setattr(
        server.offers["/clip.mp4"], "status", 403 if len(server.asked) > 2 else 200
    )
    assert take(web_wish(server), taking(project, settings)).outcome == "failed"
    assert there() == []


def test_what_may_work_later_is_left_to_the_workers(
    project: Project, settings: Any, server: FileServer
) -> None:
    server.offers["/clip.mp4"].before = lambda: setattr(
        server.offers["/clip.mp4"], "status", 503 if len(server.asked) > 1 else 200
    )
    later = take(web_wish(server), taking(project, settings))
    assert later.words == "The server answered 503 (Service Unavailable). The workers try it again."
    assert Import.objects.get().status == "waiting"


def interrupt(*_now: int | None) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_file_leaves_nothing_behind(
    tmp_path: Path, project: Project, settings: Any, media_dir: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        take(file_wish(tmp_path), Taking(project, settings.GILFOYLE, interrupt))
    assert there() == []
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []


def test_an_interrupted_address_is_gone_on_with_by_the_same_command(
    project: Project, settings: Any, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videos.uploads.appending.FLUSH_S", 0)
    signed = Wish(server.url("/clip.mp4?signature=1"), {"title": "Clip"})
    heard = iter([lambda: None, lambda: None, interrupt])
    with pytest.raises(KeyboardInterrupt):
        take(signed, Taking(project, settings.GILFOYLE, lambda *_now: next(heard)()))
    waiting = Import.objects.get()
    assert (waiting.status, waiting.failure_code) == ("waiting", "import_interrupted")
    assert not run_next_import()  # the workers leave it to the command for a while
    server.asked.clear()
    again = Wish(server.url("/clip.mp4?signature=2"), {"title": "Clip"})
    taken = take(again, taking(make_project(), settings))
    assert (taken.outcome, len(there())) == ("imported", 2)  # another project's is another video
    server.asked.clear()
    taken = take(again, taking(project, settings))
    assert (taken.outcome, taken.video) == ("imported", waiting.video)
    assert [path for path, headers in server.asked if "range" in headers] == ["/clip.mp4?signature=2"]
    assert len(there()) == 2


def test_what_a_worker_ended_meanwhile_is_imported(
    project: Project, settings: Any, server: FileServer
) -> None:
    def lose(*_now: int | None) -> None:
        if Import.objects.get().lease_owner != "worker":
            Import.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            services.sweep_imports()
            other = services.claim_import(owner="worker", lease_s=60, import_id=Import.objects.get().pk)
            assert other is not None
            run_import(other, config=settings.GILFOYLE)
            raise StaleWork(services.LOST)

    taken = take(web_wish(server), Taking(project, settings.GILFOYLE, lose))
    assert (taken.outcome, there()) == ("imported", [Video.objects.get().pk])


def test_what_somebody_else_began_or_ended_is_not_deleted(
    project: Project, settings: Any, server: FileServer
) -> None:
    theirs = make_video(project)
    services.start_import(
        video=theirs, source_url=server.url("/none.mp4"), config=settings.GILFOYLE, is_nudged=False
    )
    offer = server.offers["/none.mp4"] = Offer(DATA)
    offer.before = lambda: setattr(offer, "status", 403 if len(server.asked) > 1 else 200)
    wish = Wish(server.url("/none.mp4"), {"title": "x"})
    assert take(wish, taking(project, settings)).outcome == "failed"
    theirs.refresh_from_db()
    assert theirs.status == "failed"

    def cancel(*_now: int | None) -> None:
        services.cancel_import(video_id=Video.objects.exclude(pk=theirs.pk).get().pk)

    taken = take(web_wish(server), Taking(project, settings.GILFOYLE, cancel))
    assert (taken.outcome, taken.words) == (
        "failed",
        "The import was cancelled, or its video deleted, meanwhile.",
    )
    assert len(there()) == 2


def test_of_two_that_arrive_at_once_the_later_one_goes_and_never_both(
    project: Project, settings: Any, server: FileServer
) -> None:
    server.offers["/copy.mp4"] = Offer(DATA)
    now = taking(project, settings)
    first, second = (begin(server.url(path), {}, now) for path in ("/clip.mp4", "/copy.mp4"))
    for one in (first, second):
        assert fetch_held(one, now) is None
    kept = _ended(first, None, is_ours=True)
    assert (kept.outcome, kept.video) == ("imported", first.video)
    assert _ended(second, None, is_ours=True) == Taken("present", first.video)
    assert there() == [first.video_id]
