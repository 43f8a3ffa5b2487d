"""Clients that are made of the document do an application's first work against a running server; so do the page's snippets."""

from __future__ import annotations

import importlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.management.commands.openapi import DOCUMENT
from tests import factories
from tests.embedded import ROOT
from tests.factories import Account
from tests.house.pages import block
from tests.npm_packages import fetched, locked_version
from tests.services import require_service
from tests.streaming.web_process import web_process
from videos.catalog.models import Video

HERE = Path(__file__).parent / "clients"
FILM = b"hardly a film"
PAGE = (
    "docs/api.md#keys-and-scopes/sh",
    "docs/api.md#a-video/sh",
    "docs/api.md#a-video/sh/2",
    "docs/api.md#errors/sh",
    "docs/api.md#lists/sh",
    "docs/api.md#sending-something-twice/sh",
)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, Account, Video]]:
    """Run a server that has a project with a video that plays."""
    account = factories.make_account()
    ready = factories.make_video(account.project, status="ready", duration_s=10.0)
    factories.make_rendition(ready)
    with web_process(folder) as web:
        yield web.url, account, ready


def test_clients_in_python_and_typescript_do_an_applications_first_work(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_python_client(tmp_path / "gilfoyle_client")
    script = make_typescript_client(request.config.cache.mkdir("gilfoyle-openapi"), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with running(tmp_path) as (url, account, ready):
        use_python_client(url, account, ready)
        argv = ["node", str(script), url, account.key_text, ready.pk]
        said = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told.pop("hls_url").startswith(f"{url}/play/")
    assert told == {
        "title": "Made in TypeScript",
        "size_bytes": len(FILM),
        "status": "processing",
        "refused": [409, "video_not_playable"],
    }


def make_python_client(folder: Path) -> None:
    """Make the package; a warning would be a call that it lacks."""
    argv = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    argv += [
        "--path",
        str(ROOT / DOCUMENT),
        "--output-path",
        str(folder),
        "--config",
        str(HERE / "python.yaml"),
    ]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


def use_python_client(url: str, account: Account, ready: Video) -> None:
    package = importlib.import_module("gilfoyle_client")
    models = importlib.import_module("gilfoyle_client.models")
    file_type = importlib.import_module("gilfoyle_client.types").File

    def call(name: str) -> Any:
        return importlib.import_module(f"gilfoyle_client.api.{name}")

    client = package.AuthenticatedClient(base_url=url, token=account.key_text)
    video = call("videos.create_video").sync(
        client=client, body=models.VideoInputRequest(title="Made in Python", creator_id="user-17")
    )
    source = file_type(payload=io.BytesIO(FILM))
    sent = call("uploads.put_source").sync(video.id, client=client, body=source)
    assert (sent.title, sent.source_size_bytes) == ("Made in Python", len(FILM))
    read = call("videos.get_video").sync(video.id, client=client)
    assert (read.status, read.creator_id) == (models.VideoStatusEnum.PROCESSING, "user-17")
    playback = call("playback.create_playback")
    made = playback.sync(ready.pk, client=client, body=models.PlaybackInputRequest())
    assert made.hls_url.startswith(f"{url}/play/")
    refused = playback.sync_detailed(video.id, client=client, body=models.PlaybackInputRequest())
    assert (refused.status_code, refused.parsed.code) == (409, "video_not_playable")
    page = call("videos.list_videos").sync(client=client, creator_id="user-17")
    assert [one.id for one in page.results] == [video.id]


def make_typescript_client(cache: Path, folder: Path) -> Path:
    """Make the types, compile what uses them, and return the script; a call used against its types does not compile."""
    require_service("node", present=shutil.which("node") is not None)
    versions = "-".join(
        locked_version(HERE, name) for name in ("openapi-typescript", "openapi-fetch", "typescript")
    )
    kept = cache / versions / "node_modules"
    if not kept.exists():
        with fetched(HERE, beside=cache) as modules:
            require_service("openapi-typescript", present=modules is not None)
            assert modules is not None
            kept.parent.mkdir(exist_ok=True)
            modules.rename(kept)
    work = folder / "typescript"
    shutil.copytree(HERE, work)
    (work / "node_modules").symlink_to(kept, target_is_directory=True)
    for argv in (
        [kept / "openapi-typescript" / "bin" / "cli.js", ROOT / DOCUMENT, "--output", work / "api.d.ts"],
        [kept / "typescript" / "bin" / "tsc", "--project", work / "tsconfig.json"],
    ):
        done = subprocess.run(
            ["node", *map(str, argv)], cwd=work, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return work / "made" / "use.js"


def test_every_snippet_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    snippets = [code.text for code in map(block, PAGE)]
    require_service("curl", present=shutil.which("curl") is not None)
    (tmp_path / "clip.mp4").write_bytes(FILM)
    with running(tmp_path) as (url, account, _ready):
        script = "\n".join(f"echo; echo '== {number}'\n{text}" for number, text in enumerate(snippets))
        said = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=tmp_path,
            env={"API": f"{url}/api/v1", "KEY": account.key_text, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert said.returncode == 0, said.stdout + said.stderr
    parts = re.split(r"^== \d+\n", said.stdout, flags=re.MULTILINE)[1:]
    assert json.loads(parts[0])["project"]["name"] == account.project.name
    assert '"status":"processing"' in parts[1]
    assert json.loads(parts[2])["code"] == "video_not_playable"  # nothing is processed here
    assert json.loads(parts[3]) == json.loads(block("docs/api.md#errors/json").text)
    assert [one["title"] for one in json.loads(parts[4])["results"]] == ["Release party"]
    assert "Idempotent-Replayed: true" in parts[5]
    assert Video.objects.filter(title="Only once").count() == 1
