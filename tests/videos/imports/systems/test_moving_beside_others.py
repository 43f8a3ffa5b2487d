"""What a move leaves alone and what it takes up: others' videos, what workers ended, what another run made."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from tests.factories import make_project
from tests.file_server import FileServer, Offer, file_server
from tests.videos.imports.arriving import DATA, allow_loopback
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.chapters.chapter import Chapter
from videos.chapters.models import ChapterList
from videos.chapters.services import give_chapters
from videos.errors import VideoNotFound
from videos.imports import services
from videos.imports.errors import ImportInProgress
from videos.imports.models import Import
from videos.imports.systems import moving
from videos.imports.systems.found import FoundCaption, FoundVideo, metadata_of
from videos.imports.systems.moving import Moved, is_whole, look_at, move
from videos.imports.taking import Taking
from videos.imports.worker import run_import
from videos.uploads.services import receive_source

# The lease of an import is renewed from a thread of its own.
pytestmark = pytest.mark.django_db(transaction=True)
TEXT = b"WEBVTT\n\n00:01.000 --> 00:03.000\nGood morning!\n"
ENGLISH = FoundCaption("https://old.example/en.vtt", "en", "English")
CHAPTERS = (Chapter(0, "Night"), Chapter(4000, "Dawn"))


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0, 0, 0, 0))
    with file_server(**{"clip.mp4": Offer(DATA)}) as server:
        allow_loopback(settings, server)
        yield server


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(DATA)
    return path


def found(source: str | Path, *, system: str = "peertube", **changes: Any) -> FoundVideo:
    metadata = metadata_of(system, "https://old.example/w/1", None)
    return replace(FoundVideo("old-1", source, "Harbour", metadata=metadata), **changes)


def moved(found: FoundVideo, project: Project, settings: Any, on_bytes: Any = None) -> Moved:
    taking = Taking(project, settings.GILFOYLE, on_bytes or (lambda *_now: None))
    return move(found, taking, lambda _caption, _most: TEXT)


def once(act: Callable[[], object]) -> Callable[..., object]:
    acts = [act]
    return lambda *_now: acts.pop()() if acts else None


def lose_lease() -> Import:
    """Let it be as after a long stop of this process: the import is given away, and another one has it."""
    Import.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    services.sweep_imports()
    other = services.claim_import(owner="worker", lease_s=60, import_id=Import.objects.get().pk)
    assert other is not None
    return other


def test_what_a_worker_ended_meanwhile_is_taken_up(
    project: Project, settings: Any, server: FileServer
) -> None:
    hook = once(lambda: run_import(lose_lease(), config=settings.GILFOYLE))
    one = moved(found(server.url(), captions=(ENGLISH,)), project, settings, hook)
    video = Video.objects.get()
    assert (one.outcome, one.video, one.captions, video.status) == ("imported", video, 1, "processing")


def test_what_a_worker_has_still_is_under_way(project: Project, settings: Any, server: FileServer) -> None:
    def lose() -> None:
        lose_lease()
        raise StaleWork(services.LOST)

    one = moved(found(server.url()), project, settings, once(lose))
    assert (one.outcome, Video.objects.get().status) == ("under_way", "uploading")


def test_what_its_owner_replaced_or_cancelled_stays(
    project: Project, settings: Any, server: FileServer
) -> None:
    def replace_it() -> None:
        video = Video.objects.get()
        services.cancel_import(video_id=video.pk)
        receive_source(video=video, length_bytes=1, read=io.BytesIO(b"x").read, config=settings.GILFOYLE)

    one = moved(found(server.url()), project, settings, once(replace_it))
    video = Video.objects.get()
    assert (one.outcome, one.video, video.status, video.source_size_bytes) == (
        "failed",
        video,
        "processing",
        1,
    )


@pytest.mark.parametrize("mark", [{}, {"imported_from": {"system": "mux"}}, {"imported_from": "me"}])
def test_a_video_of_somebody_else_is_not_filled(
    project: Project, settings: Any, server: FileServer, clip: Path, mark: dict[str, Any]
) -> None:
    video = catalog.create_video(project=project, fields={"external_id": "old-1", "metadata": mark})
    for source in (server.url(), clip):
        told = look_at(found(source), Taking(project, settings.GILFOYLE))
        for one in (told, moved(found(source), project, settings)):
            assert (one.outcome, one.words) == ("failed", moving.TAKEN)
    video.refresh_from_db()
    assert (video.status, server.asked) == ("awaiting_upload", [])


def test_what_this_run_did_not_make_is_not_deleted(
    project: Project, settings: Any, server: FileServer, clip: Path
) -> None:
    fields = {"external_id": "old-1", "metadata": {"imported_from": {"system": "peertube"}}}
    catalog.create_video(project=project, fields=fields)
    assert moved(found(server.url("/none.mp4")), project, settings).outcome == "failed"
    assert Video.objects.get().status == "failed"  # and says why

    def press() -> None:
        raise KeyboardInterrupt

    catalog.create_video(project=project, fields={**fields, "external_id": "old-2"})
    with pytest.raises(KeyboardInterrupt):
        moved(found(clip, external_id="old-2"), project, settings, once(press))
    assert Video.objects.get(external_id="old-2").status == "awaiting_upload"
    assert moved(found(clip), project, settings).outcome == "imported"


def test_of_a_folder_the_same_id_is_the_same_file(project: Project, settings: Any, clip: Path) -> None:
    def told(**changes: Any) -> list[str]:
        one = found(clip, system="folder", **changes)
        return [
            look_at(one, Taking(project, settings.GILFOYLE)).outcome,
            moved(one, project, settings).outcome,
        ]

    assert told() == ["imported", "imported"]
    assert told() == ["present", "present"]
    os.utime(clip, (1, 1))  # the bytes are compared
    assert told() == ["present", "present"]
    clip.write_bytes(DATA[::-1])
    assert told() == ["failed", "failed"]
    assert moved(found(clip, system="folder"), project, settings).words == moving.ANOTHER_FILE
    clip.write_bytes(DATA[:-1])
    assert told() == ["failed", "failed"]
    moved(found(clip, external_id="old-2"), project, settings)
    clip.write_bytes(DATA)  # an original, it may be, and there is what the other system made of it
    elsewhere = found(clip, system="folder", external_id="old-2")
    assert moved(elsewhere, project, settings).outcome == "present"


def test_texts_of_one_name_are_told(project: Project, settings: Any, clip: Path) -> None:
    texts = (ENGLISH, FoundCaption("https://old.example/2.vtt", "en"), FoundCaption("x", "en", "orig"))
    for taken in (2, 0):
        one = moved(found(clip, captions=texts), project, settings)
        assert (one.captions, one.problems) == (taken, (f"text en: {moving.SAME_NAME}",))


def test_chapters_are_taken_later(
    project: Project, settings: Any, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_given: Any) -> None:
        message = "Not now."
        raise VideoNotFound(message)

    with monkeypatch.context() as patched:
        patched.setattr(moving, "give_chapters", fail)
        one = moved(found(clip, chapters=CHAPTERS), project, settings)
    assert (one.outcome, one.problems) == ("imported", ("chapters: Not now.",))
    video = Video.objects.get()
    assert video.metadata["imported_from"]["chapters_missing"] is True
    assert not is_whole(video)
    assert moved(found(clip, chapters=CHAPTERS), project, settings).problems == ()
    assert ChapterList.objects.get().chapters == [[0, "Night"], [4000, "Dawn"]]
    assert is_whole(Video.objects.get())


def test_chapters_that_were_given_stay(project: Project, settings: Any, server: FileServer) -> None:
    hook = once(lambda: give_chapters(video=Video.objects.get(), chapters=(Chapter(0, "Mine"),)))
    assert moved(found(server.url(), chapters=CHAPTERS), project, settings, hook).outcome == "imported"
    assert ChapterList.objects.get().chapters == [[0, "Mine"]]


@pytest.mark.parametrize("is_file", [True, False])
def test_of_two_runs_one_makes_the_video(
    project: Project,
    settings: Any,
    server: FileServer,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_file: bool,
) -> None:
    look, looks = moving.find_moved, [None]  # the first look comes before the other run's

    monkeypatch.setattr(moving, "find_moved", lambda *given: looks.pop() if looks else look(*given))
    catalog.create_video(project=project, fields={"external_id": "old-1"})
    assert moved(found(clip if is_file else server.url()), project, settings).outcome == "under_way"
    assert Video.objects.count() == 1


def test_what_another_run_began_is_under_way(
    project: Project, settings: Any, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(*_given: Any, **_named: Any) -> Import:
        message = "An import to this video is under way."
        raise ImportInProgress(message)

    monkeypatch.setattr(moving, "begin", begin)
    assert moved(found(server.url()), project, settings).outcome == "under_way"
    assert not Video.objects.exists()


def test_a_video_that_is_purged_meanwhile_is_told(
    project: Project, settings: Any, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "_take_captions", lambda *_given: (Video.objects.all().delete()[0] and 1, ()))
    one = moved(found(clip, captions=(ENGLISH,)), project, settings)
    assert one.problems == ("There is no such video.",)
