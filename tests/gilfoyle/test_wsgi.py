"""Clients that stall, in front of a real web server with one thread: whoever holds it stops everybody."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib import storage
from streaming.tokens.services import TokenWish, mint_token
from tests.factories import make_api_key, make_video
from tests.streaming.clip import store_video
from tests.streaming.conftest import LIMITS, folder_of
from tests.streaming.web_process import WebProcess, web_process
from videos import layout
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

LARGE = os.urandom(1024) * 20 * 1024


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebProcess]:
    impatient = tmp_path / "impatient.yaml"
    impatient.write_text("upload: {lease_s: 5}\n", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(impatient))
    with web_process(tmp_path, "--threads", "1") as running:
        yield running


def connect(web: WebProcess, *, buffer_bytes: int | None = None) -> socket.socket:
    host, port = web.url.removeprefix("http://").split(":")
    connection = socket.socket()
    if buffer_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.settimeout(60)
    connection.connect((host, int(port)))
    return connection


def expect_free_thread(web: WebProcess) -> None:
    assert httpx.get(f"{web.url}/healthz/live", timeout=60).status_code == 200
    assert "Traceback" not in web.log.read_text(errors="replace"), web.log.read_text()


def store_large() -> tuple[Video, str]:
    """Store a video whose first segment is LARGE; return it with the path of that segment."""
    video = store_video()
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    storage.save_bytes(layout.segment_name(folder, 0), LARGE)
    token = mint_token(
        project_id=video.project_id,
        video_id=video.pk,
        duration_s=video.duration_s,
        wish=TokenWish(),
        limits=LIMITS,
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=timezone.now(),
    )
    return video, folder_of(video, token.text) + "v240/00000.m4s"


def test_an_upload_that_stalls_is_told_so_and_frees_its_thread(web: WebProcess) -> None:
    video = make_video()
    _key, text = make_api_key(video.project)
    with connect(web) as stalled:
        head = (
            f"PUT /api/v1/videos/{video.pk}/source HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {text}\r\nContent-Length: 100\r\n\r\n"
        )
        stalled.sendall(head.encode() + b"abc")
        answer = b"".join(iter(lambda: stalled.recv(65536), b""))
        assert b'"upload_incomplete"' in answer
        assert b"Only 0 of 100 bytes arrived" in answer or b"Only 3 of 100 bytes arrived" in answer
        expect_free_thread(web)


def test_json_that_stalls_is_told_so_and_frees_its_thread(web: WebProcess) -> None:
    _key, text = make_api_key()
    with connect(web) as stalled:
        head = (
            "POST /api/v1/videos HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {text}\r\nContent-Length: 100\r\n\r\n"
        )
        stalled.sendall(head.encode() + b'{"t')
        answer = stalled.recv(65536)
        assert answer.startswith(b"HTTP/1.1 400 "), web.log.read_text()
        expect_free_thread(web)


def test_half_a_head_frees_its_thread(web: WebProcess) -> None:
    with connect(web) as stalled:
        stalled.sendall(b"GET /healthz/li")
        expect_free_thread(web)
        assert stalled.recv(65536) == b""


def test_a_viewer_who_takes_nothing_frees_the_thread(web: WebProcess) -> None:
    _video, path = store_large()
    with connect(web, buffer_bytes=4096) as stalled:
        stalled.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert stalled.recv(12) == b"HTTP/1.1 200"
        expect_free_thread(web)


def test_a_slow_viewer_gets_every_byte_and_then_the_next_answer(web: WebProcess) -> None:
    _video, path = store_large()
    with connect(web, buffer_bytes=4096) as slow, slow.makefile("rb", buffering=0) as answers:
        for _ in range(2):  # the second on the same connection
            slow.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert answers.readline().startswith(b"HTTP/1.1 200")
            while answers.readline() != b"\r\n":
                pass
            digest, left = hashlib.sha256(), len(LARGE)
            while left:
                piece = answers.read(min(left, 16 * 1024))
                assert piece
                digest.update(piece)
                left -= len(piece)
            assert digest.digest() == hashlib.sha256(LARGE).digest()
    expect_free_thread(web)
