"""Resumable uploads through the real nginx with docker/nginx.conf, to the real web server."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tusclient.client import TusClient

from tests.docker.test_nginx import Front, Seen, _accepts, _settings
from tests.embedded import free_port, wait_until
from tests.factories import make_account
from tests.services import require_service
from tests.streaming.web_process import web_process
from videos.catalog.models import Video
from videos.uploads.models import Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
DATA = os.urandom(3_000_000)


@contextmanager
def nginx(folder: Path, behind: str) -> Iterator[Front]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require_service("nginx", present=program is not None)
    port = free_port()
    front = Front(f"http://127.0.0.1:{port}", port, folder / "access.log", folder / "error.log", Seen())
    settings = _settings(folder, front, urlsplit(behind).port or 0)
    process = subprocess.Popen([str(program), "-c", str(settings), "-g", "daemon off;"])
    try:
        wait_until(lambda: process.poll() is not None or _accepts(port), what="nginx")
        assert process.poll() is None, "nginx refused its configuration"
        yield front
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_uploads_pass_through_nginx(tmp_path: Path, media_dir: Path) -> None:
    account = make_account()
    key = {"Authorization": f"Bearer {account.key_text}"}
    with web_process(tmp_path) as web, nginx(tmp_path, web.url) as front:
        client = TusClient(f"{front.url}/api/v1/uploads/tus", headers=key)
        uploader = client.uploader(file_stream=io.BytesIO(DATA), chunk_size=1_000_000)
        uploader.upload()
        assert str(uploader.url).startswith(f"{front.url}/api/v1/uploads/tus/upl_")
        assert Video.objects.get().source_sha256 == hashlib.sha256(DATA).hexdigest()
        no_checksum_is_lost(front, key)
    assert account.key_text not in front.log.read_text()


def no_checksum_is_lost(front: Front, key: dict[str, str]) -> None:
    """A trailer that a proxy drops is missed: bytes are not taken unchecked that were to be checked."""
    headers = {**key, "Tus-Resumable": "1.0.0"}
    made = httpx.post(
        f"{front.url}/api/v1/uploads/tus", headers={**headers, "Upload-Length": "11", "Content-Length": "0"}
    )
    sent = {
        **headers,
        "Host": "127.0.0.1",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Transfer-Encoding": "chunked",
        "Trailer": "Upload-Checksum",
    }
    wrong = b64encode(hashlib.sha1(b"Hello world").digest()).decode()  # noqa: S324 - the protocol's own
    lines = [f"PATCH /api/v1/uploads/{made.headers['Location']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in sent.items()]
    with socket.create_connection(("127.0.0.1", front.port), timeout=60) as connection:
        body = f"b\r\nhello world\r\n0\r\nUpload-Checksum: sha1 {wrong}\r\n\r\n"
        connection.sendall(("\r\n".join([*lines, "", ""]) + body).encode())
        status = connection.makefile("rb").readline().decode()
    assert " 400 " in status or " 460 " in status, status
    assert Upload.objects.filter(status="receiving").get().offset_bytes == 0
