import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from tests.factories import make_project
from tests.file_server import Offer, file_server
from tests.sealing import read_source
from tests.videos.imports.arriving import allow_loopback
from videos.access.services import suspend_project
from videos.catalog import services
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db


class Printed:
    def __init__(self) -> None:
        self.out, self.err, self.failure, self.returncode = StringIO(), StringIO(), "", 0


def run(*argv: object) -> Printed:
    printed = Printed()
    try:
        call_command("import_videos", *map(str, argv), stdout=printed.out, stderr=printed.err)
    except CommandError as error:
        printed.failure, printed.returncode = str(error), error.returncode
    return printed


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip é.mp4"
    path.write_bytes(os.urandom(2_500_000))
    return path


def limit_size(settings: Any, size_bytes: int) -> None:
    upload = settings.GILFOYLE.upload.model_copy(update={"max_size_bytes": size_bytes})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"upload": upload})


def test_a_file_becomes_a_video_named_after_it(clip: Path) -> None:
    project = make_project("Shop")
    printed = run(clip)
    video = Video.objects.get()
    assert (video.project, video.title, video.status) == (project, "clip é.mp4", "processing")
    assert read_source(video) == clip.read_bytes()
    assert printed.out.getvalue().splitlines() == [f"{video.pk}  {clip}", "1 of 1 imported."]
    assert printed.failure == ""


def test_a_title_and_a_project_can_be_given(clip: Path) -> None:
    make_project("Other")
    project = make_project("Shop")
    run(clip, "--project", "Shop", "--title", "Party")
    assert [(video.project, video.title) for video in Video.objects.all()] == [(project, "Party")]


def test_one_file_that_fails_holds_up_no_other(clip: Path, settings: Any) -> None:
    make_project()
    limit_size(settings, 2_600_000)
    large = clip.with_name("a.mp4")
    large.write_bytes(bytes(2_700_000))
    printed = run(large, clip)
    assert printed.failure == "1 of 2 failed; the reasons stand above."
    assert printed.returncode == 1
    assert "the largest accepted here is 2600000" in printed.err.getvalue()
    assert "1 of 2 imported, 1 failed." in printed.out.getvalue()
    assert Video.objects.exclude(status="deleting").count() == 1


def test_what_is_wrong_with_what_was_asked_for_is_told_before_anything_is_imported(
    clip: Path, tmp_path: Path
) -> None:
    make_project()
    listed = tmp_path / "list.csv"
    listed.write_text(f"source,poster_at_s\n{clip.name},soon\nmissing.mp4,1\n")
    printed = run(clip, tmp_path / "missing.mp4", listed)
    assert printed.failure == "Nothing was imported; what is wrong stands above."
    assert printed.returncode == 1
    assert printed.err.getvalue().splitlines() == [
        f"{tmp_path}/missing.mp4: there is no such file or folder.",
        f"{listed}, line 2: poster_at_s: A valid number is required.",
        f"{listed}, line 3: there is no such file.",
    ]
    assert not Video.objects.exists()


def test_a_folder_is_imported_and_the_same_command_goes_on_where_it_was(clip: Path, tmp_path: Path) -> None:
    make_project()
    folder = tmp_path / "in"
    deeper = folder / "b" / "second.MOV"
    deeper.parent.mkdir(parents=True)
    clip = clip.rename(folder / clip.name)
    deeper.write_bytes(b"second")
    (folder / "notes.txt").write_text("no video")
    printed = run(folder, "--dry-run")
    assert printed.out.getvalue().splitlines()[-1] == "2 of 2 would be imported, 1 other files left out."
    assert not Video.objects.exists()
    run(clip)
    printed = run(folder)
    assert "1 of 2 imported, 1 there already, 1 other files left out." in printed.out.getvalue()
    printed = run(folder)
    assert printed.out.getvalue().splitlines() == [
        f"{Video.objects.get(title=clip.name).pk}  {clip}  (was there already)",
        f"{Video.objects.get(title='second.MOV').pk}  {deeper}  (was there already)",
        "0 of 2 imported, 2 there already, 1 other files left out.",
    ]
    assert (printed.failure, Video.objects.count()) == ("", 2)


def test_a_list_says_what_its_videos_are_called(clip: Path, tmp_path: Path) -> None:
    make_project()
    listed = tmp_path / "list.csv"
    listed.write_text(f'source;title;external_id;metadata\n{clip.name};Party;post-1;"{{""a"": 1}}"\n')
    assert run(listed).failure == ""
    video = Video.objects.get()
    assert (video.title, video.external_id, video.metadata) == ("Party", "post-1", {"a": 1})


@pytest.mark.django_db(transaction=True)
def test_an_address_is_fetched_once(settings: Any) -> None:
    make_project()
    with file_server(**{"clip.mp4": Offer(b"moving pictures")}) as server:
        allow_loopback(settings, server)
        printed = run(server.url("/clip.mp4?signature=secret"), server.url("/none.mp4"))
        assert printed.failure == "1 of 2 failed; the reasons stand above."
        assert f"{server.url('/none.mp4')}: The server answered 404 (Not Found)." in printed.err.getvalue()
        assert "secret" not in printed.out.getvalue()
        again = run(server.url())
    video = Video.objects.exclude(status="deleting").get()
    assert (video.title, read_source(video)) == ("clip.mp4", b"moving pictures")
    assert again.out.getvalue().splitlines()[-1] == "0 of 1 imported, 1 there already."


def test_nothing_to_import_is_a_failure(tmp_path: Path) -> None:
    make_project()
    assert "nothing to import" in run(tmp_path).failure


def test_a_refused_file_leaves_no_video_behind(clip: Path, settings: Any) -> None:
    make_project()
    limit_size(settings, 10)
    printed = run(clip)
    assert "the largest accepted here is 10" in printed.err.getvalue()
    assert printed.failure == "1 of 1 failed; the reasons stand above."
    assert not Video.objects.exclude(status="deleting").exists()


@pytest.mark.django_db(transaction=True)
def test_a_source_that_had_arrived_outlives_an_interruption(clip: Path) -> None:
    make_project()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "videos_upload" in sql and "sha256" in sql:
            transaction.on_commit(interrupt)  # the source is accepted, and then the key is pressed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrap):
        printed = run(clip)
    assert printed.returncode == 130
    assert Video.objects.get().status == "processing"
    assert read_source(Video.objects.get()) == clip.read_bytes()


@pytest.mark.parametrize(
    ("projects", "argv", "words"),
    [
        ([], [], "Name the project with --project. `manage.py create_api_key --project NAME` makes one."),
        (["A", "B"], [], "Name the project with --project. There are: A, B."),
        (["A", "B"], ["--project", "C"], "There is no such project. There are: A, B."),
        (["A"], ["https://a.example/b.mp4", "--title", "x"], "--title is for a single file."),
    ],
)
def test_what_is_unclear_is_asked_for(clip: Path, projects: list[str], argv: list[str], words: str) -> None:
    for name in projects:
        make_project(name)
    assert run(clip, *argv).failure == words
    assert not Video.objects.exists()


def test_a_name_that_is_no_text_is_no_hindrance(clip: Path) -> None:
    make_project()
    odd = clip.with_name("a\udcff" + "x" * 240 + ".mp4")
    clip.rename(odd)
    assert run(odd).failure == ""
    assert Video.objects.get().title == "a?" + "x" * 240 + ".mp4"


@contextmanager
def meanwhile(change: Callable[[str], None]) -> Iterator[None]:
    """Do something to the first video in processing, from another thread."""

    def wait_and_change() -> None:
        try:
            while not (video := Video.objects.filter(status="processing").first()):
                done.wait(0.01)
            change(video.pk)
        finally:
            connection.close()

    done = threading.Event()
    thread = threading.Thread(target=wait_and_change)
    thread.start()
    yield
    thread.join()


def fail(video_id: str) -> None:
    services.mark_failed(video_id=video_id, code="source_not_media", message="This is not a media file.")


def delete(video_id: str) -> None:
    services.delete_video(video=Video.objects.get(pk=video_id))


@pytest.mark.django_db(transaction=True)
def test_it_waits_until_a_video_is_ready(clip: Path) -> None:
    make_project()
    with meanwhile(lambda video_id: services.mark_ready(video_id=video_id)):
        printed = run(clip, "--wait")
    video = Video.objects.get()
    assert printed.out.getvalue().splitlines()[1:] == [f"{video.pk}  ready", "1 of 1 imported and ready."]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "words"), [(fail, "This is not a media file."), (delete, "There is no such video.")]
)
def test_it_tells_why_a_video_will_not_be_ready(
    clip: Path, change: Callable[[str], None], words: str
) -> None:
    make_project()
    with meanwhile(change):
        printed = run(clip, "--wait")
    assert words in printed.err.getvalue()
    assert printed.failure == "1 of 1 failed; the reasons stand above."


def test_an_operator_may_not_import_into_a_suspended_project_unawares(clip: Path) -> None:
    suspend_project(project=make_project("Shop"))
    assert "suspended" in run(clip).failure
    assert not Video.objects.exists()
