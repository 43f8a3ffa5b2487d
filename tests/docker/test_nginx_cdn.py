"""The real nginx with docker/nginx-cdn.conf: it checks what Gilfoyle signed, and keeps what it fetched."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from streaming.presigning import CdnSigner, plan_validity
from tests.docker.nginx_process import nginx
from tests.embedded import free_port, wait_until

SECRET = "x9" * 20
FOLDER = "renditions/proj12345678/vid_0123456789abcdefgh/0123456789abcdef"
BYTES = bytes(range(256)) * 64


@dataclass
class Origin:
    """Who has the objects: what it was asked for, with which headers."""

    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_down: bool = False


@dataclass
class Cdn:
    url: str
    folder: Path
    origin: Origin

    def address(
        self, file: str = "v240/00001.m4s", *, window_s: int = 300, now_s: float | None = None
    ) -> str:
        validity = plan_validity(time.time() if now_s is None else now_s, window_s)
        return CdnSigner(self.url, SECRET).sign(f"{FOLDER}/{file}", validity, content_type="video/mp4")


def _server(origin: Origin) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            origin.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            is_there = not origin.is_down and self.path.startswith(f"/{FOLDER}/") and "99999" not in self.path
            body = BYTES if is_there else b"<h1>not here</h1>"
            self.send_response(200 if is_there else 404)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", "who=me")
            self.send_header("Cache-Control", "public, max-age=99999")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def cdn(tmp_path: Path) -> Iterator[Cdn]:
    origin, port = Origin(), free_port()
    server = _server(origin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    places = {
        " GILFOYLE_CDN_SECRET": f" {SECRET}",
        "server ORIGIN": f"server 127.0.0.1:{server.server_address[1]}",
    }
    try:
        with nginx(tmp_path / "cdn", "nginx-cdn.conf", port=port, places=places):
            yield Cdn(f"http://127.0.0.1:{port}", tmp_path / "cdn", origin)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_signed_address_gives_the_bytes(cdn: Cdn) -> None:
    answer = httpx.get(cdn.address())
    assert (answer.status_code, answer.content) == (200, BYTES)
    wanted = {
        "content-type": "video/mp4",
        "cache-control": "private, max-age=3600",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted
    assert "set-cookie" not in answer.headers
    assert len(answer.headers.get_list("content-type")) == 1
    assert httpx.get(cdn.address("a0/init.mp4")).headers["content-type"] == "audio/mp4"
    assert httpx.get(cdn.address("poster-1/poster.jpg")).headers["content-type"] == "image/jpeg"


def test_parts_and_head_come_from_the_same_copy(cdn: Cdn) -> None:
    address = cdn.address()
    part = httpx.get(address, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, BYTES[100:200])
    head = httpx.head(address)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(BYTES)), b"")
    assert httpx.options(address).status_code == 204
    assert httpx.post(address).status_code == 405
    assert len(cdn.origin.asked) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda address: address.replace("/v240/", "/v1080/"),
        lambda address: address.replace("00001.m4s", "00002.m4s"),
        lambda address: address.replace("00001.m4s", "../v1080/00001.m4s"),
        lambda address: address.replace("v240/00001.m4s", "v240/deeper/00001.m4s"),
        lambda address: re.sub(r"/(\d{10})/", lambda found: f"/{int(found[1]) + 1}/", address),
        lambda address: re.sub(r"/(\d{10})/", "/9999999999/", address),
        lambda address: re.sub(r"(/\d{10}/)[^/]+/", r"\1AAAAAAAAAAAAAAAAAAAAAA/", address),
        lambda address: re.sub(r"/\d{10}/[^/]+/", "/", address),
        lambda address: address.replace("00001.m4s", "00001.key"),
        lambda address: address.replace("00001.m4s", "00001.m4s/x.css"),
        lambda address: address.replace("/renditions/", "/sources/"),
        lambda address: address.replace("vid_0123456789abcdefgh", "vid_0123456789abcdefgi"),
    ],
)
def test_nothing_without_its_signature(cdn: Cdn, spoil) -> None:
    assert httpx.get(cdn.address()).status_code == 200  # it lies in the cache from now on
    answer = httpx.get(spoil(cdn.address()))
    assert answer.status_code in {403, 404}
    assert BYTES[:256] not in answer.content
    assert answer.headers.get("cache-control") in {"no-store", None}
    assert len(cdn.origin.asked) == 1


def test_an_address_ends_with_its_window(cdn: Cdn) -> None:
    assert httpx.get(cdn.address()).status_code == 200
    answer = httpx.get(cdn.address(now_s=time.time() - 601))
    assert (answer.status_code, answer.headers["cache-control"]) == (410, "no-store")
    assert BYTES[:256] not in answer.content


def test_the_next_signature_finds_the_kept_copy(cdn: Cdn) -> None:
    first, second = cdn.address(), cdn.address(window_s=3600)
    assert first != second
    assert httpx.get(first).content == httpx.get(second).content == BYTES
    assert len(cdn.origin.asked) == 1


def test_what_one_viewer_sends_changes_nothing_for_the_next(cdn: Cdn) -> None:
    toxic = {
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/other",
        "Range": "bytes=0-0",
        "Cookie": "a=b",
        "Accept-Encoding": "x-evil",
        "Origin": "https://evil.example",
        "Authorization": "Bearer evil",
    }
    httpx.get(cdn.address() + "?cb=<script>", headers=toxic)
    answer = httpx.get(cdn.address())
    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer.headers["access-control-allow-origin"] == "*"
    (path, headers), *more = cdn.origin.asked
    assert (path, more) == (f"/{FOLDER}/v240/00001.m4s", [])
    assert set(headers) <= {"host", "connection"}


def test_what_was_missing_is_not_kept(cdn: Cdn) -> None:
    cdn.origin.is_down = True
    missing = httpx.get(cdn.address())
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")
    cdn.origin.is_down = False
    assert httpx.get(cdn.address()).content == BYTES


def test_no_signature_and_no_viewer_is_in_the_log(cdn: Cdn) -> None:
    private = {"User-Agent": "SecretBrowser/1", "Referer": "http://secret.example/page"}
    address = cdn.address()
    httpx.get(f"{address}?who=me", headers=private)
    httpx.get(cdn.url + "/nothing/of/ours", headers=private)
    log = cdn.folder / "access.log"
    wait_until(lambda: log.read_text().count("\n") == 2, what="two lines in the log")
    written = log.read_text() + (cdn.folder / "error.log").read_text()
    until, signature = address.removeprefix(cdn.url + "/").split("/")[:2]
    for secret in (until, signature, SECRET, "SecretBrowser", "secret.example", "127.0.0.1", "who=me"):
        assert secret not in written
    assert f'"object":"{FOLDER}/v240/00001.m4s","status":200' in written
