from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import make_project
from tests.file_server import Offer
from tests.sealing import read_source
from tests.videos.imports.arriving import allow_loopback
from tests.videos.imports.systems.recorded import ANSWERS, recorded
from tests.videos.imports.systems.system_server import SystemServer, Told, system_server
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.imports.systems import moving
from videos.management.commands import import_from
from videos.tracks.models import TextTrack
from videos.uploads.models import Upload
from videos.uploads.services import receive_source

pytestmark = pytest.mark.django_db
TEXT = "WEBVTT\n\n00:01.000 --> 00:03.000\nGood morning!\n"


class Printed:
    def __init__(self) -> None:
        self.out, self.err, self.failure, self.returncode = StringIO(), StringIO(), "", 0

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


def run(*argv: object) -> Printed:
    printed = Printed()
    try:
        call_command("import_from", *map(str, argv), stdout=printed.out, stderr=printed.err)
    except CommandError as error:
        printed.failure, printed.returncode = str(error), error.returncode
    except SystemExit as ended:
        printed.returncode = int(ended.code or 0)
    return printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one video of yt-dlp's, one with a file of its own beside it, and one of which nothing is known."""
    place = tmp_path / "old"
    place.mkdir()
    for name in ("film [BaW_jenozKc].mp4", "own.mp4", "bare.mp4"):
        (place / name).write_bytes(os.urandom(2000))
    info = (ANSWERS / "yt_dlp.info.json").read_text(encoding="utf-8")
    (place / "film [BaW_jenozKc].info.json").write_text(info, encoding="utf-8")
    (place / "film [BaW_jenozKc].en.vtt").write_text(TEXT)
    own = {"external_id": "post-1", "title": "Own\x1b[31m", "published_at": "2019-05-06"}
    (place / "own.json").write_text(json.dumps(own))
    os.utime(place / "bare.mp4", (1_600_000_000, 1_600_000_000))
    return place


def known() -> dict[str, str]:
    return dict(Video.objects.exclude(status="deleting").values_list("external_id", "title"))


def test_a_folder_comes_over_once(folder: Path) -> None:
    make_project("Shop")
    tried = run("folder", folder, "--dry-run")
    assert tried.lines[-1] == "3 of 3 would be imported."
    assert not Video.objects.exists()
    printed = run("folder", folder, "--project", "Shop")
    film = Video.objects.get(external_id="BaW_jenozKc")
    assert known() == {
        "BaW_jenozKc": "The harbour \"at dawn\" 'ß★'",
        "post-1": "Own[31m",
        "bare.mp4": "bare.mp4",
    }
    assert read_source(film) == (folder / "film [BaW_jenozKc].mp4").read_bytes()
    assert film.metadata["published_at"] == "2012-10-02T17:17:24Z"
    assert TextTrack.objects.get().video == film
    assert (printed.failure, printed.lines[-1]) == ("", "3 of 3 imported.")
    assert f"BaW_jenozKc  {film.pk}  imported, texts: 1  {film.title}" in printed.lines
    again = run("folder", folder)
    assert (again.returncode, again.lines[-1]) == (0, "0 of 3 imported, 3 there already.")
    assert (Video.objects.count(), TextTrack.objects.count()) == (3, 1)


def test_two_folders_with_one_name_are_told_apart(folder: Path, tmp_path: Path) -> None:
    make_project()
    run("folder", folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "bare.mp4").write_bytes(os.urandom(2000))
    printed = run("folder", other)
    assert (printed.returncode, printed.lines[-1]) == (1, "0 of 1 imported, 1 failed.")
    assert "bare.mp4: Another file was imported under this id." in printed.err.getvalue()
    (other / "bare.mp4").write_bytes((folder / "bare.mp4").read_bytes())  # a copy, of another time
    assert run("folder", other).lines[-1] == "0 of 1 imported, 1 there already."


def test_portions_and_times_can_be_chosen(folder: Path) -> None:
    make_project()
    assert run("folder", folder, "--limit", 1).lines[-1] == "1 of 1 imported."
    assert run("folder", folder, "--limit", 1).lines[-1] == "1 of 2 imported, 1 there already."
    assert len(known()) == 2
    printed = run("folder", folder, "--since", "2020-01-01")
    assert printed.lines[-1] == "0 of 1 imported, 1 there already, 2 older left out."


def test_what_goes_wrong_holds_up_no_other_and_is_tried_again(folder: Path) -> None:
    make_project()
    (folder / "own.json").write_text("{")
    (folder / "film [BaW_jenozKc].en.vtt").write_text("no text track")
    printed = run("folder", folder)
    assert (printed.returncode, printed.lines[-1]) == (1, "2 of 3 imported, 1 failed, texts missing: 1.")
    assert printed.err.getvalue().splitlines() == [
        "BaW_jenozKc: text en: The file is neither WebVTT nor SRT.",
        "own.mp4: own.json: this is no JSON.",
    ]
    (folder / "own.json").unlink()
    (folder / "film [BaW_jenozKc].en.vtt").write_text(TEXT)
    again = run("folder", folder)
    assert (again.returncode, again.lines[-1]) == (0, "1 of 3 imported, 2 there already.")
    assert TextTrack.objects.count() == 1


def test_programs_get_a_line_for_each(folder: Path) -> None:
    make_project()
    (folder / "own.json").write_text("{")
    printed = run("folder", folder, "--json")
    *videos, summary = printed.objects
    assert [(one["external_id"], one["outcome"], one["captions"]) for one in videos] == [
        ("bare.mp4", "imported", 0),
        ("BaW_jenozKc", "imported", 1),
        ("own.mp4", "failed", 0),
    ]
    assert videos[2]["problems"] == ["own.json: this is no JSON."]
    assert summary == {
        "kind": "summary",
        "is_whole": False,
        "is_dry": False,
        "imported": 2,
        "present": 0,
        "failed": 1,
        "captions_missing": 0,
        "older": 0,
        "broken_off": "",
    }
    assert printed.returncode == 1
    (folder / "own.json").unlink()
    assert run("folder", folder, "--json", "--dry-run").objects[-2]["outcome"] == "would_be_imported"
    assert run("folder", folder, "--json").returncode == 0


def test_an_interruption_says_how_to_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project()
    taken: list[int] = []

    def press(**named: Any) -> Upload:
        if taken:
            raise KeyboardInterrupt
        taken.append(1)
        return receive_source(**named)

    with monkeypatch.context() as patched:
        patched.setattr("videos.imports.taking.receive_source", press)
        printed = run("folder", folder)
    assert (printed.returncode, printed.failure.startswith("Interrupted.")) == (130, True)
    assert len(known()) == 1
    assert run("folder", folder).lines[-1] == "2 of 3 imported, 1 there already."


def test_what_another_process_has_is_come_back_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project()
    monkeypatch.setattr(import_from, "PAUSE_S", 0)
    outcomes: Iterator[Callable[..., Any]] = iter([lambda *_given: moving.Moved("under_way")] * 2)

    def move(*given: Any) -> Any:
        return next(outcomes, moving.move)(*given)

    monkeypatch.setattr(import_from, "move", move)
    printed = run("folder", folder)
    assert (printed.returncode, printed.lines[-1]) == (0, "3 of 3 imported.")
    assert sum("under way" in line for line in printed.lines) == 2


def test_it_waits_until_all_is_ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project()

    def end(_pause_s: float) -> None:
        for video in Video.objects.filter(status="processing"):
            if video.external_id == "post-1":
                catalog.mark_failed(
                    video_id=video.pk, code="source_not_media", message="This is no media file."
                )
            else:
                catalog.mark_ready(video_id=video.pk)

    monkeypatch.setattr("videos.management.importing.time.sleep", end)
    printed = run("folder", folder, "--wait")
    assert (printed.returncode, printed.lines[-1]) == (1, "2 of 3 imported, 1 failed.")
    assert "post-1: This is no media file." in printed.err.getvalue()
    assert sum(line.endswith("  ready") for line in printed.lines) == 2


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["folder", "/no/such/folder"], "The list broke off: /no/such/folder: there is no such folder."),
        (["folder", "/tmp", "--since", "soon"], "'soon' is no time such as"),  # noqa: S108 - not looked into
        (["folder", "/tmp", "--project", "None"], "There is no such project."),  # noqa: S108 - the same
    ],
)
def test_what_is_unclear_is_told(argv: list[str], words: str) -> None:
    make_project()
    printed = run(*argv)
    assert words in printed.failure
    assert printed.returncode == 1


@pytest.fixture
def portal(settings: Any) -> Iterator[SystemServer]:
    with system_server() as server:
        allow_loopback(settings, server)
        server.routes["/api/v1/media"] = lambda _asked: recorded("mediacms_list.json")
        media = recorded("mediacms_media.json")
        server.routes["/api/v1/media/oHLrDNGv6"] = lambda _asked: media
        server.offers[media["original_media_url"]] = Offer(b"moving pictures")
        for subtitle in media["subtitles_info"]:
            server.offers[subtitle["src"]] = Offer(TEXT.encode())
        yield server


@pytest.mark.django_db(transaction=True)
def test_a_portal_comes_over_with_credentials_that_nobody_sees(portal: SystemServer, tmp_path: Path) -> None:
    make_project()
    line = tmp_path / "token.txt"
    line.write_text("very-secret\n")
    printed = run("mediacms", f"{portal.origin}/user/harbour", "--credentials", line)
    assert (printed.failure, printed.lines[-1]) == ("", "1 of 1 imported.")
    video = Video.objects.get()
    assert (video.external_id, video.creator_id, video.text_tracks.count()) == ("oHLrDNGv6", "harbour", 2)
    assert read_source(video) == b"moving pictures"
    assert {one.headers["authorization"] for one in portal.heard} == {"Token very-secret"}
    sent = {path: headers.get("authorization", "") for path, headers in portal.asked}
    assert [path for path, told in sent.items() if told and path.endswith(".mp4")] == []
    everything = printed.out.getvalue() + printed.err.getvalue() + str(video.metadata)
    assert "very-secret" not in everything


@pytest.mark.django_db(transaction=True)
def test_a_list_that_breaks_off_is_told_after_what_came(portal: SystemServer) -> None:
    make_project()
    pages = iter([{**recorded("mediacms_list.json"), "next": "x"}])
    portal.routes["/api/v1/media"] = lambda _asked: next(pages, Told(401))
    printed = run("mediacms", portal.origin)
    assert printed.lines[-1] == "1 of 1 imported."
    assert printed.failure == (
        "The list broke off: /api/v1/media: The server answered 401 (Unauthorized). "
        "Check the credentials, and what they may see."
    )
    assert Video.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_old_system_is_not_asked_while_another_process_is_at_it(
    portal: SystemServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"external_id": "oHLrDNGv6", "metadata": {"imported_from": {"system": "mediacms"}}}
    video = catalog.create_video(project=make_project(), fields=fields)
    soon = timezone.now() + timedelta(hours=1)
    url = portal.url("/none.mp4")
    other = Import.objects.create(
        video=video, source_url=url, status="fetching", lease_owner="other", lease_expires_at=soon
    )
    pauses: list[float] = []

    def wait(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 9:
            Import.objects.filter(pk=other.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    monkeypatch.setattr("videos.management.commands.import_from.time.sleep", wait)
    printed = run("mediacms", portal.origin)
    assert (printed.failure, printed.lines[-1]) == ("", "1 of 1 imported.")
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert portal.paths().count("/api/v1/media/oHLrDNGv6") == 2


@pytest.mark.parametrize(
    ("argv", "environ", "words"),
    [
        (["mux"], {}, "Mux needs a token id and its secret. Set MUX_TOKEN_ID and MUX_TOKEN_SECRET."),
        (["mux"], {"MUX_TOKEN_ID": "a"}, "Of MUX_TOKEN_ID and MUX_TOKEN_SECRET one is set alone."),
        (
            ["peertube", "https://a.example", "--credentials", "/no/such/file"],
            {},
            "/no/such/file: No such file",
        ),
        (["peertube", "file:///etc"], {}, "Only http:// and https:// addresses can be fetched."),
        (["peertube", "http://127.0.0.1"], {}, "There is no public server at this address."),
    ],
)
def test_what_can_not_be_asked_is_told(
    argv: list[str], environ: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project()
    for name in ("MUX_TOKEN_ID", "MUX_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    printed = run(*argv)
    assert words in printed.failure
    assert printed.returncode == 1


def test_credentials_may_come_by_standard_input(
    portal: SystemServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project()
    monkeypatch.setattr("sys.stdin", StringIO("anna:secret\n"))
    assert (
        run("mediacms", portal.origin, "--credentials", "-", "--dry-run").lines[-1]
        == "1 of 1 would be imported."
    )
    assert portal.heard[0].headers["authorization"].startswith("Basic ")
    assert not Video.objects.exists()
