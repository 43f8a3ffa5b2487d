"""The real nginx with docker/nginx.conf, in front of a server that answers as Gilfoyle does."""

import http.client
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from whitenoise.media_types import MediaTypes  # type: ignore[import-untyped]  # it has no types

from streaming.headers import SAFETY_HEADERS, cors_headers
from streaming.manifests.views import HLS_TYPE
from tests.embedded import ROOT, free_port, wait_until
from tests.services import require_service

TOKEN = "gf1k3y1234567890.c2VjcmV0LWNsYWltcw.c2lnbmF0dXJl"  # of the shape of a token; nothing opens to it
PLAY = f"/play/{TOKEN}/project/video/revision/v720/00001.m4s"
BYTES = bytes(range(256)) * 64


@dataclass
class Seen:
    """What reached the server behind nginx."""

    headers: list[dict[str, str]] = field(default_factory=list)
    first_bytes: threading.Event = field(default_factory=threading.Event)
    body: bytes = b""


def _server(seen: Seen) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            if self.path.startswith("/play/"):
                self.send_header("X-Accel-Redirect", "/_media/project/video/00001.m4s")
                self.send_header("Content-Type", "video/mp4")
                self.send_header("Cache-Control", "private, max-age=60")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Expose-Headers", "Content-Range")
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
            self.end_headers()

        def do_PUT(self) -> None:
            left = int(self.headers["Content-Length"])
            while left:
                piece = self.rfile.read1(min(left, 65536))
                seen.body += piece
                left -= len(piece)
                seen.first_bytes.set()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@dataclass
class Front:
    url: str
    port: int
    log: Path
    errors: Path
    seen: Seen


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require_service("nginx", present=program is not None)
    assert program is not None
    media = tmp_path / "media" / "project" / "video"
    media.mkdir(parents=True)
    (media / "00001.m4s").write_bytes(BYTES)
    seen, port = Seen(), free_port()
    server = _server(seen)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found = Front(f"http://127.0.0.1:{port}", port, tmp_path / "access.log", tmp_path / "error.log", seen)
    process = subprocess.Popen(
        [program, "-c", str(_settings(tmp_path, found, server.server_address[1])), "-g", "daemon off;"]
    )
    try:
        wait_until(lambda: process.poll() is not None or _accepts(port), what="nginx")
        assert process.poll() is None, "nginx refused its configuration"
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)
        server.shutdown()
        server.server_close()
        thread.join()


def _settings(folder: Path, front: Front, behind: int) -> Path:
    """Give nginx.conf the places of this test; everything else stays as it is shipped."""
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    for shipped, here in {
        "/tmp/": f"{folder}/",  # noqa: S108 - the text that is replaced, and first: the others bring in paths
        "listen 8080": f"listen 127.0.0.1:{front.port}",
        "server web:8000": f"server 127.0.0.1:{behind}",
        "alias /data/media/": f"alias {folder}/media/",
        "/dev/stdout": str(front.log),
        "/dev/stderr": str(front.errors),
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    if os.getuid() == 0:
        text = f"user root;\n{text}"
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    return path


def _accepts(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True


def test_allowed_file_comes_from_disk_with_the_headers_that_gilfoyle_set(front: Front) -> None:
    answer = httpx.get(front.url + PLAY)
    assert (answer.status_code, answer.content) == (200, BYTES)
    wanted = {
        "content-type": "video/mp4",
        "cache-control": "private, max-age=60",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Content-Range",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "cross-origin",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted


def test_part_of_a_file(front: Front) -> None:
    answer = httpx.get(front.url + PLAY, headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, BYTES[100:200])
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/_media/project/video/00001.m4s",
        "/healthz/ready",
        "/healthz/exposure",
        "/healthz/scheduler",
        "/_standing/project/video",
    ],
)
def test_the_inside_is_closed_from_outside(front: Front, path: str) -> None:
    answer = httpx.get(front.url + path)
    assert answer.status_code == 404
    assert BYTES[:256] not in answer.content
    assert not front.seen.headers


def test_nothing_of_a_viewer_is_passed_on_or_written(front: Front) -> None:
    private = {
        "User-Agent": "SecretBrowser/1",
        "Referer": "http://secret.example/page",
        "X-Forwarded-For": "203.0.113.9",
    }
    assert httpx.get(f"{front.url}{PLAY}?who=me", headers=private).status_code == 200
    raw = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
    paths = (
        f"/%70lay/{TOKEN}/project",
        f"//play/{TOKEN}/project",
        f"/video/play/{TOKEN}/project",
        f"/./play/{TOKEN}/x",
        f"/report/{TOKEN}/project/video?t=83",
        f"//admin/login//let-in/{TOKEN}/",
    )
    for path in paths:
        raw.request("GET", path)
        raw.getresponse().read()
    raw.close()
    address = f"/api/v1/uploads/tus/upg_3kTmvU1qQx0aZpLr7e.{TOKEN.split('.')[1]}"
    assert httpx.get(f"{front.url}{address}/upl_1").status_code == 200
    assert httpx.get(f"{front.url}/upload/{address.rpartition('/')[2]}?theme=dark").status_code == 200
    wait_until(lambda: front.log.read_text().count("\n") == 9, what="nine lines in the log")
    passed_on = front.seen.headers[0]
    assert "x-forwarded-for" not in passed_on
    assert "x-real-ip" not in passed_on
    written = front.log.read_text() + front.errors.read_text()
    for secret in (
        "SecretBrowser",
        "secret.example",
        "203.0.113.9",
        "127.0.0.1",
        "who=me",
        *TOKEN.split(".")[1:],
    ):
        assert secret not in written
    assert '"path":"/api/v1/uploads/tus/upg_3kTmvU1qQx0aZpLr7e~/upl_1"' in written
    assert '"path":"/report/gf1k3y123456~/project/video"' in written
    assert '"path":"/admin/login/let-in/~"' in written
    assert '"path":"/upload/upg_3kTmvU1qQx0aZpLr7e~"' in written
    assert '"path":"/play/gf1k3y123456~/project/video/revision/v720/00001.m4s","status":200' in written


def test_upload_is_passed_on_while_it_comes(front: Front) -> None:
    client = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
    client.putrequest("PUT", "/api/v1/videos/vid_1/source")
    client.putheader("Content-Length", str(200_000))
    client.endheaders()
    client.send(b"a" * 100_000)
    assert front.seen.first_bytes.wait(timeout=60), "nginx kept the beginning until the end"
    client.send(b"b" * 100_000)
    assert client.getresponse().status == 204
    assert front.seen.body == b"a" * 100_000 + b"b" * 100_000
    client.close()


def test_uploads_may_be_as_large_as_the_settings_say() -> None:
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    assert "client_max_body_size 50g;" in text


def test_it_passes_on_exactly_the_headers_of_allowed_files() -> None:
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    passed = re.findall(r"add_header (\S+) \$upstream_http_(\w+) always;", text)
    assert all(name.lower().replace("-", "_") == variable for name, variable in passed)
    cors = [*cors_headers("https://a.example", ("https://a.example",)), *cors_headers(None, ())]
    assert {name for name, _variable in passed} == {name for name, _value in (*SAFETY_HEADERS, *cors)}


def test_it_compresses_only_types_that_are_served() -> None:
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    types = re.search(r"gzip_types ([^;]+);", text)
    served = {MediaTypes().get_type(f"/player{ending}").split(";")[0] for ending in (".css", ".js")}
    assert types is not None
    assert set(types[1].split()) == {*served, HLS_TYPE}
