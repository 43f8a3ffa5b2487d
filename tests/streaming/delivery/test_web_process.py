"""The raw handler behind the product's real web server: bytes, ranges, and that the kernel sends them."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from tests.playing import all_bytes, decode, media_playlists
from tests.services import require_service
from tests.streaming.clip import FRAME_RATE, SEGMENT_S, SEGMENTS, make_clip, store_video
from tests.streaming.conftest import folder_of, forged
from tests.streaming.web_process import WebProcess, web_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture
def client(web: WebProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url, timeout=30) as one:
        yield one


def test_every_byte_and_range_is_right(client, mint):
    video = store_video()
    folder = folder_of(video, mint(video))
    for name, track in make_clip().tracks.items():
        assert client.get(f"{folder}{name}/init.mp4").content == track.init
        for number, data in enumerate(track.segments):
            path = f"{folder}{name}/{number:05d}.m4s"
            assert client.get(path).content == data
            size = len(data)
            for first, last in (
                (0, 0),
                (0, size - 1),
                (1, size // 2),
                (size // 2, size + 999),
                (size - 1,) * 2,
            ):
                part = client.get(path, headers={"Range": f"bytes={first}-{last}"})
                assert (part.status_code, part.content) == (206, data[first : last + 1])
            assert client.get(path, headers={"Range": f"bytes={size}-"}).status_code == 416
            head = client.head(path)
            assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(size), b"")
    assert client.get(folder + "poster.jpg").content == make_clip().poster


def test_a_player_gets_every_frame(client, web, mint):
    video = store_video()
    master = web.url + folder_of(video, mint(video)) + "master.m3u8"
    playlists = media_playlists(client, master)
    assert [playlist.is_complete for playlist in playlists] == [True] * 3
    assert all(abs(sum(playlist.durations_s) - SEGMENT_S * SEGMENTS) < 0.1 for playlist in playlists)
    assert decode(master).frames == SEGMENT_S * SEGMENTS * FRAME_RATE
    assert len(all_bytes(client, master)) == 4 + 3 * (1 + SEGMENTS)


def test_requests_in_a_row_share_a_connection(client, mint):
    # A wrong length would break the next answer on the same connection.
    video = store_video()
    folder = folder_of(video, mint(video))
    data = make_clip().tracks["v240"].segments[0]
    for _ in range(5):
        for headers, wanted in (
            ({}, data),
            ({"Range": "bytes=5-9"}, data[5:10]),
            ({"If-None-Match": "*"}, b""),
        ):
            assert client.get(folder + "v240/00000.m4s", headers=headers).content == wanted
        assert client.head(folder + "v240/00000.m4s").content == b""
        assert client.get(folder + "v240/00077.m4s").json()["code"] == "media_not_found"


ODD_SPELLINGS = (
    "/v240/%2e%2e/poster.jpg",
    "/v240/..%2fposter.jpg",
    "/%252e%252e/poster.jpg",
    "/v240%2f..%2f..%2f..%2f..%2fsources",
    "/v240/00000.m4s%00.jpg",
    "/v240/00000.m4s%0a",
    "/v240/00000.m4s;x",
    "/v240/00000%2em4s%2f",
    "//v240/00000.m4s",
    "/v240/\\00000.m4s",
    "/%c0%ae%c0%ae/poster.jpg",
    "/v240/00000.m4s%20",
)


def test_odd_spellings_open_nothing(web, mint):
    video = store_video()
    folder = folder_of(video, mint(video)).rstrip("/")
    host, port = web.url.removeprefix("http://").split(":")
    for spelt in ODD_SPELLINGS:
        # Sent as it is: clients tidy paths up.
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            request = f"GET {folder}{spelt} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer[9:12] in {b"404", b"400"}, (spelt, answer[:200])


def test_a_restriction_closes_a_running_player(client, mint):
    video = store_video()
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    assert client.get(path).status_code == 200
    video.restriction = "restricted"
    video.save()
    began_at = timezone.now()
    answer = None
    while answer is None or answer.status_code == 200:
        assert timezone.now() - began_at < timedelta(seconds=20)
        with suppress(httpx.RemoteProtocolError):  # what is under way at that moment is broken off
            answer = client.get(path)
    assert answer.json()["code"] == "video_restricted"


def test_no_token_and_no_viewer_is_in_the_logs(client, web, mint):
    video = store_video()
    good = mint(video)
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    tokens = [good, forged(good), expired]
    for token in tokens:
        folder = folder_of(video, token)
        for file in (
            "poster.jpg",
            "v240/00099.m4s",
            "master.m3u8",
            "v9/index.m3u8",
            "nothing",
            "v240/00000.m4s?x=1",
        ):
            client.get(
                folder + file, headers={"User-Agent": "viewer-agent", "Referer": "https://viewer.example/"}
            )
        client.get(f"/embed/{token}/{video.project_id}/{video.pk}")
    log = web.log.read_text(errors="replace")
    assert "playback refused" in log
    for secret in [*tokens, *(token.split(".")[1] for token in tokens), "viewer-agent", "viewer.example"]:
        assert secret not in log


def test_the_kernel_sends_the_bytes(tmp_path, mint):
    require_service("strace", present=shutil.which("strace") is not None)
    video = store_video()
    data = make_clip().tracks["v240"].segments[0]
    trace = tmp_path / "trace"
    wrap = ("strace", "-f", "-qq", "-e", "trace=sendfile", "-o", str(trace))
    with web_process(tmp_path, wrap=wrap) as web, httpx.Client(base_url=web.url, timeout=60) as client:
        answer = client.get(
            folder_of(video, mint(video)) + "v240/00000.m4s", headers={"Range": "bytes=100-4099"}
        )
        assert answer.content == data[100:4100]
    calls = [line for line in trace.read_text().splitlines() if "sendfile" in line]
    assert any(line.rstrip().endswith("= 4000") and "[100]" in line for line in calls), calls


def test_memory_and_files_do_not_pile_up(client, web, mint):
    video = store_video()
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    worker = next(iter(Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()))

    def open_files() -> int:
        return len(list(Path(f"/proc/{worker}/fd").iterdir()))

    for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}):
        client.get(path, headers=headers)
    before = open_files()
    for _ in range(40):
        for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=999999999-"}, {"If-None-Match": "*"}):
            client.get(path, headers=headers)
        client.head(path)
    assert open_files() <= before + 2
