"""Real tus clients against the real web server, in the ways that they have. Large files: test_long_uploads.py."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from tests.factories import Account, make_account
from tests.streaming.web_process import web_process
from tests.videos.uploads.cutting_proxy import CuttingProxy, cutting_proxy
from tests.videos.uploads.tus_js import require_tus_js, start_upload
from videos import layout
from videos.catalog.models import Video
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.uploads.models import Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
MIB = 1024 * 1024
CUT_AFTER_BYTES = (
    64 * 1024,
    550 * 1024,
)  # so few that all of the cuts fall into the file, even if every byte was kept
DATA = random.Random(4).randbytes(16 * MIB + 12345)  # noqa: S311 - any bytes will do
TIME_LIMIT_S = 120


def require_source(video: Video, data: bytes = DATA) -> None:
    """The video's source is these very bytes, in storage and in the row, and nothing else is stored."""
    video.refresh_from_db()
    assert video.status == "processing"
    assert video.source_sha256 == hashlib.sha256(data).hexdigest()
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    with storage.open_stored(name) as source:
        assert source.read() == data
    media = storage.local_path("")
    assert media is not None
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert [path for path in media.rglob("*") if path.is_file()] == [storage.local_path(name)]


@pytest.fixture(scope="module")
def tus_js(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return require_tus_js(request.config, tmp_path_factory)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp4"
    path.write_bytes(DATA)
    return path


class Stage:
    """A web server behind a proxy that cuts, an account, and upload addresses as the proxy is reached."""

    def __init__(self, url: str, pid: int, proxy: CuttingProxy, account: Account) -> None:
        self.pid, self.proxy, self.account = pid, proxy, account
        self.endpoint = f"http://127.0.0.1:{proxy.port}/api/v1/uploads/tus"
        self._api = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {account.key_text}"})

    def grant(self, **wish: Any) -> tuple[str, Video]:
        made = self._api.post("/api/v1/uploads", json=wish).json()
        address = urlsplit(made["tus_url"])._replace(netloc=f"127.0.0.1:{self.proxy.port}").geturl()
        return address, Video.objects.get(pk=made["video_id"])

    def close(self) -> None:
        self._api.close()


@pytest.fixture
def stage(tmp_path: Path, media_dir: Path) -> Iterator[Stage]:
    with (
        web_process(tmp_path) as web,
        cutting_proxy(urlsplit(web.url).port or 0, cuts=0, between_bytes=CUT_AFTER_BYTES) as proxy,
    ):
        made = Stage(web.url, web.pid, proxy, make_account())
        yield made
        made.close()


def run(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=TIME_LIMIT_S)
    assert process.returncode == 0, errors
    return output


def test_tus_js_client_uploads_parts_at_the_same_time(stage: Stage, tus_js: Path, source: Path) -> None:
    endpoint, video = stage.grant()
    stage.proxy.cuts_left = 10
    run(start_upload(tus_js, endpoint, source, parallelUploads=3, chunkSize=MIB))
    assert Upload.objects.filter(kind="partial", status="finished").count() >= 3
    require_source(video)


def test_tus_js_client_sends_bytes_with_the_creation_and_a_length_late(
    stage: Stage, tus_js: Path, source: Path
) -> None:
    endpoint, video = stage.grant()
    run(start_upload(tus_js, endpoint, source, uploadDataDuringCreation=True, chunkSize=4 * MIB))
    require_source(video)
    endpoint, other = stage.grant()
    Video.objects.filter(pk=video.pk).delete()
    storage.delete_folder(layout.sources_folder(video.project_id, video.pk))
    run(
        start_upload(
            tus_js, endpoint, source, uploadLengthDeferred=True, overridePatchMethod=True, chunkSize=4 * MIB
        )
    )
    require_source(other)


def test_pieces_by_plain_put_as_upchunk_sends_them(stage: Stage) -> None:
    address, video = stage.grant()
    stage.proxy.cuts_left = 10
    at, size, total = 0, 2 * MIB, len(DATA)
    with httpx.Client(timeout=60) as client:
        while at < total:
            end = min(at + size, total)
            headers = {"Content-Range": f"bytes {at}-{end - 1}/{total}", "Content-Type": "video/mp4"}
            try:
                answer = client.put(address, content=DATA[at:end], headers=headers)
            except httpx.TransportError:
                continue  # as they do: the whole piece again
            assert answer.status_code in {200, 308}, answer.text
            if answer.headers.get("Range") == f"bytes=0-{end - 1}":
                at = end
    assert stage.proxy.cut == 10
    require_source(video)


def test_memory_does_not_grow_with_the_file(stage: Stage) -> None:
    headers = {"Authorization": f"Bearer {stage.account.key_text}", "Tus-Resumable": "1.0.0"}
    piece, count = os.urandom(MIB), 64
    with httpx.Client(headers=headers, timeout=60) as client:
        made = client.post(stage.endpoint, headers={"Upload-Length": str(count * MIB)})
        worker = psutil.Process(stage.pid).children()[0]
        before_bytes = worker.memory_info().rss
        answer = client.patch(
            f"{stage.endpoint.removesuffix('tus')}{made.headers['Location']}",
            content=(piece for _ in range(count)),
            headers={
                "Content-Type": "application/offset+octet-stream",
                "Content-Length": str(count * MIB),
                "Upload-Offset": "0",
            },
        )
    assert answer.status_code == 204
    assert worker.memory_info().rss - before_bytes < 24 * MIB
