"""A large file, through nginx and directly: 50 connections are cut, a web process is killed, the server restarted.

What arrives is the file, byte for byte: 1 GB, with each client both ways; in short 64 MB, and each client one way.
`--log-cli-level=INFO` tells what it took. It needs room for three such files.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from django.utils import timezone
from tusclient.client import TusClient

from gilfoyle.lib import storage
from tests.browser import running_chromium
from tests.docker.test_nginx_uploads import nginx
from tests.embedded import free_port, wait_until
from tests.factories import make_account
from tests.lengths import IS_LONG, length
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.uploads.browser_clients import require_browser_clients
from tests.videos.uploads.cutting_proxy import CuttingProxy, cutting_proxy
from tests.videos.uploads.foreign_site import foreign_site
from tests.videos.uploads.tus_js import require_tus_js, start_upload
from videos import layout
from videos.catalog.models import Video
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.uploads.finishing import finish_left_uploads
from videos.uploads.models import Upload

SIZE_BYTES = length(64_000_000, 1_000_000_000)
WAYS = NGINX, DIRECTLY = "through nginx", "directly"
CUTS = 50
# So few bytes a connection that all of the cuts fall into the file, even if every byte was kept.
CUT_AFTER_BYTES = (SIZE_BYTES // 500, SIZE_BYTES // 55)
PATIENCE_S = 240 + SIZE_BYTES / 200_000  # far more than it takes on a crowded machine
RETRIES, RETRY_S = 200, 0.25  # for longer than a server takes to come back
log = logging.getLogger(__name__)
PAGE = """<!doctype html><title>Site</title><script src="uppy.js"></script><input type="file" id="file">"""
UPPY = """([endpoint, pause, tries]) => new Promise((done) => {
    const uppy = new Uppy({autoProceed: true});
    uppy.use(Tus, {endpoint, retryDelays: Array(tries).fill(pause)});
    uppy.on("complete", ({successful, failed}) => done([
        successful.map((file) => file.progress.bytesUploaded),
        failed.map((file) => file.error),
    ]));
    const [data] = document.getElementById("file").files;
    uppy.addFile({name: data.name, type: "video/mp4", data});
})"""
pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.timeout(60 + 2 * PATIENCE_S),
]


class Trouble:
    """A web server behind what cuts; it is killed, and started again, while a file passes."""

    def __init__(self, folder: Path, *, behind_nginx: bool) -> None:
        self._folder, self._stack, self._port = folder, ExitStack(), free_port()
        self._web = ExitStack()
        self.web = self._start()
        front = self._stack.enter_context(nginx(folder, self.web.url)).url if behind_nginx else self.web.url
        cuts = cutting_proxy(urlsplit(front).port or 0, cuts=CUTS, between_bytes=CUT_AFTER_BYTES)
        self.proxy: CuttingProxy = self._stack.enter_context(cuts)
        self.key_text = (account := make_account()).key_text
        self.project = account.project
        self.happened: list[str] = []

    def _start(self) -> WebProcess:
        return self._web.enter_context(web_process(self._folder, port=self._port))

    def kill_a_web_process(self) -> None:
        """End the process that serves, without a word; its master starts another."""
        for worker in psutil.Process(self.web.pid).children():
            worker.kill()
        self.happened.append("killed")

    def restart(self) -> None:
        """Stop the server as an operator does, and start it again."""
        self._web.close()
        self.web = self._start()
        self.happened.append("restarted")

    def grant(self, **wish: Any) -> tuple[str, Video]:
        """Return an upload address, as it is reached through all of this, and its video."""
        headers = {"Authorization": f"Bearer {self.key_text}"}
        made = httpx.post(f"{self.web.url}/api/v1/uploads", json=wish, headers=headers).json()
        address = urlsplit(made["tus_url"])._replace(netloc=f"127.0.0.1:{self.proxy.port}").geturl()
        return address, Video.objects.get(pk=made["video_id"])

    def begin(self) -> threading.Thread:
        """Let it happen: the first when a third of the file has passed, the second after two thirds."""

        def happen() -> None:
            for third, event in ((1, self.kill_a_web_process), (2, self.restart)):
                passed = third * SIZE_BYTES // 3
                wait_until(
                    lambda passed=passed: self.proxy.passed_bytes >= passed,  # type: ignore[misc]  # bound now
                    what=f"{passed} bytes",
                    patience_s=PATIENCE_S,
                )
                event()

        thread = threading.Thread(target=happen)
        thread.start()
        return thread

    def close(self) -> None:
        self._stack.close()
        self._web.close()


@pytest.fixture
def trouble(request: pytest.FixtureRequest, tmp_path: Path, media_dir: Path) -> Iterator[Trouble]:
    made = Trouble(tmp_path, behind_nginx=request.param == NGINX)
    yield made
    made.close()


@dataclass(frozen=True)
class Clients:
    """Where tus-js-client is, and pages with Uppy."""

    tus_js: Path
    pages: Path


@pytest.fixture(scope="module")
def clients(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clients:
    pages = tmp_path_factory.mktemp("pages")
    uppy = require_browser_clients(request.config, tmp_path_factory.mktemp("clients")) / "uppy.js"
    shutil.copy(uppy, pages)
    (pages / "uppy.html").write_text(PAGE)
    return Clients(require_tus_js(request.config, tmp_path_factory), pages)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("source") / "source.mp4"
    with path.open("wb") as file:
        for at in range(0, SIZE_BYTES, 1_000_000):
            file.write(os.urandom(min(1_000_000, SIZE_BYTES - at)))
    yield path
    path.unlink()


UploadBy = Callable[[Trouble, Path, Clients], Video]


def upload_by_tuspy(trouble: Trouble, source: Path, _clients: Clients) -> Video:
    endpoint, video = trouble.grant()
    with source.open("rb") as stream:
        # Pieces larger than what a connection may carry, or none would be cut.
        uploader = TusClient(endpoint).uploader(
            file_stream=stream,
            chunk_size=SIZE_BYTES // 10,
            retries=CUTS + RETRIES,
            retry_delay=RETRY_S,
        )
        uploader.upload()
    return video


def upload_by_tus_js(trouble: Trouble, source: Path, clients: Clients) -> Video:
    endpoint, video = trouble.grant()
    process: subprocess.Popen[str] = start_upload(
        clients.tus_js, endpoint, source, retryDelays=[RETRY_S * 1000] * RETRIES
    )
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    return video


def upload_by_uppy(trouble: Trouble, source: Path, clients: Clients) -> Video:
    with foreign_site(clients.pages) as site, running_chromium() as chromium:
        endpoint, video = trouble.grant(allowed_origins=[site])
        page = chromium.new_page()
        page.goto(f"{site}/uppy.html")
        page.locator("#file").set_input_files(source)
        assert page.evaluate(UPPY, [endpoint, RETRY_S * 1000, RETRIES]) == [[SIZE_BYTES], []]
    return video


def ways(name: str, upload: UploadBy, *marks: pytest.MarkDecorator, otherwise: str) -> list[Any]:
    """Return both ways of a client, or in short one."""
    return [
        pytest.param(upload, way, marks=marks, id=f"{name} {way}")
        for way in (WAYS if IS_LONG else (otherwise,))
    ]


@pytest.mark.parametrize(
    ("upload", "trouble"),
    [
        *ways("tuspy", upload_by_tuspy, pytest.mark.whole, otherwise=DIRECTLY),
        *ways("tus-js-client", upload_by_tus_js, otherwise=NGINX),
        *ways("Uppy", upload_by_uppy, pytest.mark.browser, pytest.mark.whole, otherwise=NGINX),
    ],
    indirect=["trouble"],
)
def test_a_large_file_arrives_whatever_happens(
    upload: UploadBy,
    trouble: Trouble,
    source: Path,
    clients: Clients,
    settings: Any,
) -> None:
    happening = trouble.begin()
    begun = time.monotonic()
    video = upload(trouble, source, clients)
    happening.join()
    require_finished(video, settings)
    assert trouble.happened == ["killed", "restarted"]
    assert trouble.proxy.cut == CUTS
    require_same(video, source)
    again_bytes = trouble.proxy.passed_bytes - SIZE_BYTES
    log.info("%.0f s, %d bytes, %d of them sent again", time.monotonic() - begun, SIZE_BYTES, again_bytes)


def require_finished(video: Video, settings: Any) -> None:
    """Where the process that had the last byte died, the scheduler finishes; here there is none."""

    def is_finished() -> bool:
        video.refresh_from_db()
        if video.status != "processing":
            Upload.objects.filter(status="receiving").update(writer_expires_at=None)
            finish_left_uploads(config=settings.GILFOYLE)
        return video.status == "processing"

    wait_until(is_finished, what="the upload to be finished", patience_s=PATIENCE_S)


def require_same(video: Video, source: Path) -> None:
    """The video's source is the file, in storage and in the row, and nothing else is stored."""
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    stored, media = storage.local_path(name), storage.local_path("")
    assert stored is not None
    assert media is not None
    wanted = sha256_of(source)
    assert video.source_sha256 == wanted
    assert sha256_of(stored) == wanted
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert [path for path in media.rglob("*") if path.is_file()] == [stored]
    stored.unlink()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
