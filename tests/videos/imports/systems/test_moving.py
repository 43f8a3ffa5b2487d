from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.outbound import OutboundFault
from tests.factories import make_project
from tests.file_server import FileServer, Offer, file_server
from tests.sealing import read_source
from tests.videos.imports.arriving import DATA, allow_loopback
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.chapters.chapter import Chapter
from videos.chapters.models import ChapterList
from videos.imports.models import Import
from videos.imports.systems.found import FoundCaption, FoundVideo, metadata_of
from videos.imports.systems.moving import Moved, find_moved, free_broken_off, is_whole, look_at, move
from videos.imports.taking import Taking
from videos.tracks.models import TextTrack
from videos.uploads import services as uploads
from videos.uploads.models import Upload

# The lease of an import is renewed from a thread of its own.
pytestmark = pytest.mark.django_db(transaction=True)
TEXT = b"WEBVTT\n\n00:01.000 --> 00:03.000\nGood morning!\n"
ENGLISH = FoundCaption("https://old.example/en.vtt", "en", "English")
GERMAN = FoundCaption("https://old.example/de.vtt", "de")


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr("videos.imports.reading.PAUSES_S", (0, 0, 0, 0))
    with file_server(**{"clip.mp4": Offer(DATA)}) as server:
        allow_loopback(settings, server)
        yield server


def found(source: str | Path, **changes: Any) -> FoundVideo:
    metadata = metadata_of("peertube", "https://old.example/w/1", timezone.now(), tags=["sea"])
    return replace(FoundVideo("old-1", source, "Harbour", metadata=metadata), **changes)


def read(caption: FoundCaption, _most_bytes: int) -> bytes:
    return TEXT


def moved(found: FoundVideo, project: Project, settings: Any, read: Any = read) -> Moved:
    return move(found, Taking(project, settings.GILFOYLE), read)


def test_a_video_comes_with_what_belongs_to_it(project: Project, settings: Any, server: FileServer) -> None:
    chapters = (Chapter(0, "Night"), Chapter(4000, "Dawn"))
    whole = found(server.url("/clip.mp4?token=x"), captions=(ENGLISH, GERMAN), chapters=chapters)
    one = moved(whole, project, settings)
    video = Video.objects.get()
    assert (one.outcome, one.video, one.captions, one.problems) == ("imported", video, 2, ())
    assert (video.external_id, video.title, video.metadata["tags"]) == ("old-1", "Harbour", ["sea"])
    assert read_source(video) == DATA
    assert [(track.language, track.label) for track in TextTrack.objects.all()] == [
        ("en", "English"),
        ("de", "Deutsch"),
    ]
    assert ChapterList.objects.get().chapters == [[0, "Night"], [4000, "Dawn"]]
    video.refresh_from_db()
    assert video.metadata["imported_from"] == {"system": "peertube", "url": "https://old.example/w/1"}
    assert is_whole(video)
    again = moved(whole, project, settings)
    assert (again.outcome, again.video, again.captions) == ("present", video, 0)
    assert (Video.objects.count(), TextTrack.objects.count(), len(server.asked)) == (1, 2, 1)


def test_a_text_that_could_not_be_had_is_taken_later(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)

    def fails(caption: FoundCaption, _most_bytes: int) -> bytes:
        if caption is GERMAN:
            message = "The server could not be reached."
            raise OutboundFault(message)
        return TEXT

    whole = found(clip, captions=(ENGLISH, GERMAN))
    first = moved(whole, project, settings, fails)
    assert (first.outcome, first.captions, first.problems) == (
        "imported",
        1,
        ("text de: The server could not be reached.",),
    )
    assert not is_whole(Video.objects.get())
    second = moved(whole, project, settings)
    assert (second.outcome, second.captions, second.problems) == ("present", 1, ())
    assert sorted(TextTrack.objects.values_list("language", flat=True)) == ["de", "en"]
    assert is_whole(Video.objects.get())


def test_a_text_that_is_none_is_told(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    one = moved(found(clip, captions=(ENGLISH,)), project, settings, lambda _caption, _most: b"<html>")
    assert (one.outcome, one.problems) == (
        "imported",
        ("text en (English): The file is neither WebVTT nor SRT.",),
    )


def test_what_was_imported_by_hand_is_left_as_it_is(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    moved(found(clip, metadata={"mine": 1}), project, settings)
    again = moved(found(clip, captions=(ENGLISH,)), project, settings)
    assert (again.outcome, Video.objects.get().metadata, TextTrack.objects.count()) == (
        "present",
        {"mine": 1},
        0,
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("file:///etc/passwd", "Only http:// and https://"),
        ("http://169.254.169.254/latest", "no public server"),
        ("http://10.0.0.1/a.mp4", "no public server"),
        ("http://user:secret@a.example/a.mp4", "user name or password"),
        ("https://a.example:22/a.mp4", "Port 22 may not"),
        ("s3://footage/a.mp4", "may not import that from this bucket"),
    ],
)
def test_an_address_that_is_not_public_is_refused_and_nothing_is_left(
    project: Project, settings: Any, source: str, words: str
) -> None:
    one = moved(found(source), project, settings)
    assert one.outcome == "failed"
    assert words in one.words
    assert "secret" not in one.words
    assert not Video.objects.exists()


def test_what_the_api_would_refuse_is_refused(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    one = moved(found(clip, metadata={"much": "x" * 20_000}), project, settings)
    assert (one.outcome, one.words) == ("failed", "metadata: Metadata may have at most 16 KiB as JSON.")
    assert moved(found(tmp_path / "none.mp4"), project, settings).words == "No such file or directory."
    assert not Video.objects.exists()


def test_a_try_tells_what_would_be_refused(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)

    def tried(source: str | Path, **changes: Any) -> tuple[str, str]:
        one = look_at(found(source, **changes), Taking(project, settings.GILFOYLE))
        return one.outcome, one.words

    assert tried(clip) == tried("https://old.example/a.mp4") == ("imported", "")
    assert tried(tmp_path / "none.mp4") == ("failed", "No such file or directory.")
    assert tried("http://10.0.0.1/a.mp4")[1].startswith("There is no public server")
    assert tried(clip, metadata={"much": "x" * 20_000})[0] == "failed"
    assert not Video.objects.exists()
    moved(found(clip), project, settings)
    assert tried(clip) == ("present", "")


def test_a_source_that_is_not_there_leaves_no_video(
    project: Project, settings: Any, server: FileServer
) -> None:
    one = moved(found(server.url("/none.mp4")), project, settings)
    assert (one.outcome, one.words) == ("failed", "The server answered 404 (Not Found). Check the address.")
    assert find_moved(project, "old-1") is None


def test_what_was_broken_off_goes_on_where_it_stopped(
    project: Project, settings: Any, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videos.uploads.appending.FLUSH_S", 0)

    def press(received_bytes: int, _size_bytes: int | None) -> None:
        if received_bytes > len(DATA) // 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(found(server.url("/clip.mp4?token=1")), Taking(project, settings.GILFOYLE, press), read)
    video = Video.objects.get()
    assert not is_whole(video)
    one = moved(found(server.url("/clip.mp4?token=2"), captions=(ENGLISH,)), project, settings)
    assert (one.outcome, one.video) == ("imported", video)
    assert read_source(Video.objects.get()) == DATA
    path, headers = server.asked[-1]
    assert path == "/clip.mp4?token=2"
    assert 0 < int(headers["range"].removeprefix("bytes=").removesuffix("-")) < len(DATA)


def test_what_a_killed_process_had_is_taken_up_once_its_lease_is_over(
    project: Project, settings: Any, server: FileServer
) -> None:
    def press(received_bytes: int, _size_bytes: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(found(server.url()), Taking(project, settings.GILFOYLE, press), read)
    soon = timezone.now() + timedelta(hours=1)
    Import.objects.update(status="fetching", lease_owner="gone:1", lease_expires_at=soon)
    free_broken_off()
    assert moved(found(server.url()), project, settings).outcome == "under_way"
    Import.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    free_broken_off()
    assert moved(found(server.url()), project, settings).outcome == "imported"
    assert Video.objects.count() == 1


def test_a_file_that_was_broken_off_is_taken_up_once_its_lease_is_over(
    project: Project, settings: Any, tmp_path: Path
) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    fields = {"external_id": "old-1", "metadata": {"imported_from": {"system": "peertube"}}}
    video = catalog.create_video(project=project, fields=fields)
    uploads._begin(
        video=video,
        length_bytes=len(DATA),
        lease=timedelta(hours=1),
        api_key_id=None,
        config=settings.GILFOYLE,
    )
    assert moved(found(clip), project, settings).outcome == "under_way"
    Upload.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    one = moved(found(clip), project, settings)
    assert (one.outcome, one.video) == ("imported", video)
    assert Video.objects.count() == 1


def test_one_that_could_not_be_processed_is_told(project: Project, settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    moved(found(clip), project, settings)
    message = "This is not a media file."
    catalog.mark_failed(video_id=Video.objects.get().pk, code="source_not_media", message=message)
    one = moved(found(clip), project, settings)
    assert (one.outcome, one.words) == (
        "failed",
        "It was imported before, and could not be processed: This is not a media file.",
    )


def test_the_same_id_in_another_project_is_another_video(settings: Any, tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(DATA)
    outcomes = [moved(found(clip), make_project(), settings).outcome for _ in range(2)]
    assert (outcomes, Video.objects.count()) == (["imported", "imported"], 2)
