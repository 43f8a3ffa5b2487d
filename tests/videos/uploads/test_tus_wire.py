"""What only a real connection to the real web server shows: cuts, stalls, trailers, refusals before the body."""

from __future__ import annotations

import hashlib
import os
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.embedded import wait_until
from tests.factories import Account, make_account
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.uploads.conformance import shows
from videos.catalog.models import Video
from videos.uploads.models import Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
MIB = 1024 * 1024
DATA = os.urandom(5 * MIB)
BODY = {"Content-Type": "application/offset+octet-stream"}


class Wire:
    """A client of the web server, and what it sends by hand."""

    def __init__(self, web: WebProcess, account: Account) -> None:
        self.headers = {"Authorization": f"Bearer {account.key_text}", "Tus-Resumable": "1.0.0"}
        self.http = httpx.Client(base_url=web.url, headers=self.headers, timeout=60)
        self.port = urlsplit(web.url).port or 0

    def create(self, length: int) -> str:
        answer = self.http.post("/api/v1/uploads/tus", headers={"Upload-Length": str(length)})
        assert answer.status_code == 201
        return f"/api/v1/uploads/{answer.headers['Location']}"

    def offset(self, address: str) -> int:
        return int(self.http.head(address).headers["Upload-Offset"])

    def patch(self, address: str, offset: int, data: bytes) -> httpx.Response:
        return self.http.patch(address, content=data, headers={**BODY, "Upload-Offset": str(offset)})

    def begin_patch(self, address: str, offset: int, length: int | None, **more: str) -> socket.socket:
        """Send the head of a PATCH; the body is up to the test."""
        size = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        named = {name.replace("_", "-"): value for name, value in more.items()}
        headers = {**self.headers, **BODY, **size, "Host": "127.0.0.1", "Upload-Offset": str(offset), **named}
        lines = [f"PATCH {address} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection


@pytest.fixture
def patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server lose its patience with who stalls as soon as it may be set to."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("upload: {lease_s: 5}\n", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(settings))


@pytest.fixture
def wire(tmp_path: Path, media_dir: Path, patience: None) -> Iterator[Wire]:
    with web_process(tmp_path) as web:
        made = Wire(web, make_account())
        yield made
        made.http.close()


def status_line(connection: socket.socket) -> str:
    return connection.makefile("rb").readline().decode().strip()


def finished_sha256() -> str:
    return Video.objects.get().source_sha256


@shows("keeps-what-came", "errors-are-met", "trailer-told")
def test_connections_that_break_stall_or_are_refused(wire: Wire) -> None:
    # One server for all of it: to start it costs more than everything else here.
    cut_is_kept(wire)
    stalled_is_taken_over(wire)
    stalled_is_closed(wire)
    refused_before_its_body(wire)
    trailers_are_read(wire)


def cut_is_kept(wire: Wire) -> None:
    address = wire.create(len(DATA))
    connection = wire.begin_patch(address, 0, len(DATA))
    connection.sendall(DATA[: 3 * MIB])
    connection.close()
    # To ask at once would take over from a server that may not even have begun to read.
    wait_until(lambda: Upload.objects.get().offset_bytes == 3 * MIB, what="the server to see the cut")
    offset = wire.offset(address)
    assert offset == 3 * MIB
    assert wire.patch(address, offset, DATA[offset:]).status_code == 204
    assert finished_sha256() == hashlib.sha256(DATA).hexdigest()
    Video.objects.all().delete()


def stalled_is_taken_over(wire: Wire) -> None:
    address = wire.create(len(DATA))
    stalled = wire.begin_patch(address, 0, len(DATA))
    stalled.sendall(DATA[: 3 * MIB])
    wait_until(lambda: Upload.objects.get().offset_bytes >= 2 * MIB, what="the first bytes to be durable")
    offset = wire.offset(address)  # another connection of the same client: it goes on at once
    assert 2 * MIB <= offset <= 3 * MIB
    assert wire.patch(address, offset, DATA[offset:]).status_code == 204
    assert finished_sha256() == hashlib.sha256(DATA).hexdigest()
    with suppress(OSError):  # a server that has lost its patience has closed it
        stalled.sendall(b"?" * MIB)  # it wakes up, and changes nothing
    stalled.close()
    with httpx.Client() as other:
        assert other.get(f"{wire.http.base_url}/healthz/live").status_code == 200
    assert finished_sha256() == hashlib.sha256(DATA).hexdigest()
    Video.objects.all().delete()


def stalled_is_closed(wire: Wire) -> None:
    address = wire.create(100)
    stalled = wire.begin_patch(address, 0, 100)
    stalled.sendall(b"a" * 10)
    with suppress(ConnectionResetError):
        while stalled.recv(1024):  # an answer, if any, and then the end
            pass
    assert wire.offset(address) in {0, 10}


def refused_before_its_body(wire: Wire) -> None:
    address = wire.create(len(DATA))
    answer = wire.patch(address, 7, DATA)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "0")
    Video.objects.all().delete()


def trailers_are_read(wire: Wire) -> None:
    assert "checksum-trailer" in wire.http.options("/api/v1/uploads/tus").headers["Tus-Extension"].split(",")
    address = wire.create(11)
    right = b64encode(hashlib.sha1(b"hello world").digest()).decode()  # noqa: S324 - the protocol's own
    wrong = b64encode(hashlib.sha1(b"Hello world").digest()).decode()  # noqa: S324 - the same
    for digest, status in ((wrong, " 460 "), (None, " 400 "), (right, " 204 ")):
        connection = wire.begin_patch(address, 0, None, Trailer="Upload-Checksum")
        trailer = f"Upload-Checksum: sha1 {digest}\r\n" if digest else ""
        connection.sendall(f"b\r\nhello world\r\n0\r\n{trailer}\r\n".encode())
        assert status in status_line(connection)
        connection.close()
        assert Upload.objects.filter(status="receiving", offset_bytes=11).count() == 0
    assert finished_sha256() == hashlib.sha256(b"hello world").hexdigest()
