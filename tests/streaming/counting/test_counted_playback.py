"""Plays and minutes through the product's real web server: what counts, what does not, and what a stop loses."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from django.db import transaction
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.web_server import CLIENTS_S
from tests.embedded import wait_until
from tests.streaming.clip import SEGMENT_S, SEGMENTS, store_video
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import READY_LIMIT_S, web_process
from videos import layout
from videos.usage.models import DailyPlays

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
MIB = 1024 * 1024
ALL_S = SEGMENT_S * SEGMENTS


def written() -> list[tuple[str, int, int]]:
    """Return what the web server, which has been stopped as an operator does, wrote."""
    return list(DailyPlays.objects.order_by("plays").values_list("video_id", "plays", "watched_s"))


def is_written(wanted: list[tuple[str, int, int]]) -> bool:
    return written() == wanted


def test_reloads_sizes_and_parts_of_a_viewing_count_once(tmp_path: Path, mint) -> None:
    video = store_video()
    with web_process(tmp_path) as web, httpx.Client(base_url=web.url) as client:
        for token in (mint(video), mint(video)):
            folder = folder_of(video, token)
            for _reload in range(3):
                for name in ("v240", "v144", "a0"):
                    assert client.get(f"{folder}{name}/init.mp4").status_code == 200
                    for number in range(SEGMENTS):
                        path = f"{folder}{name}/{number:05d}.m4s"
                        assert client.get(path).status_code == 200
                        assert client.get(path, headers={"Range": "bytes=5-9"}).status_code == 206
    assert written() == [(video.pk, 2, 2 * ALL_S)]


def test_key_frames_that_a_viewer_runs_through_count_nothing(tmp_path: Path, mint) -> None:
    video = store_video()
    folder = folder_of(video, mint(video))
    with web_process(tmp_path) as web, httpx.Client(base_url=web.url) as client:
        for number in range(SEGMENTS):
            path = f"{folder}v240/{number:05d}.m4s"
            assert client.get(path, headers={"Range": "bytes=0-99"}).status_code == 206
        assert client.get(folder + "v240/00001.m4s", headers={"Range": "bytes=0-"}).status_code == 206
    assert written() == [(video.pk, 0, SEGMENT_S)]  # a play begins with its first segment


def test_questions_without_bytes_count_nothing(tmp_path: Path, mint) -> None:
    video = store_video()
    path = folder_of(video, mint(video)) + "v240/00003.m4s"
    with web_process(tmp_path) as web, httpx.Client(base_url=web.url) as client:
        assert client.head(path).status_code == 200
        assert client.options(path).status_code == 204
        assert client.get(path, headers={"If-None-Match": "*"}).status_code == 304
        assert client.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
        assert client.get(path.replace("00003", "00099")).status_code == 404
        assert client.get(path.replace("v240/00003.m4s", "poster.jpg")).status_code == 200
        assert client.get(path.replace("v240/00003.m4s", "master.m3u8")).status_code == 200
    assert written() == []


@pytest.mark.parametrize(
    ("text", "is_counted"),
    [("privacy: {count_plays: false}", False), ("playback: {delivery: x_accel}", True)],
)
def test_settings_say_what_is_counted(
    text: str, is_counted: bool, tmp_path: Path, mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(file))
    video = store_video()
    path = folder_of(video, mint(video)) + "v240/00003.m4s"
    with web_process(tmp_path) as web:
        httpx.head(web.url + path).raise_for_status()
        for _ in range(2):
            httpx.get(web.url + path).raise_for_status()
    assert written() == ([(video.pk, 1, SEGMENT_S)] if is_counted else [])


def test_what_is_written_survives_a_kill(tmp_path: Path, mint) -> None:
    video = store_video()
    for rounds in (1, 2):
        folder = folder_of(video, mint(video))
        with web_process(tmp_path) as web:
            for number in range(SEGMENTS):
                httpx.get(f"{web.url}{folder}v240/{number:05d}.m4s").raise_for_status()
            wait_until(partial(is_written, [(video.pk, rounds, rounds * ALL_S)]), what="the sums")
            for child in psutil.Process(web.pid).children():
                child.kill()
    assert written() == [(video.pk, 2, 2 * ALL_S)]


def test_a_stop_while_a_slow_client_still_takes_loses_nothing(tmp_path: Path, mint) -> None:
    video = store_video()
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    storage.delete(layout.segment_name(folder, 3))
    storage.save_bytes(
        layout.segment_name(folder, 3), bytes(64 * MIB)
    )  # more than all buffers on the way hold
    path = folder_of(video, mint(video)) + "v240/00003.m4s"
    with socket.socket() as client, web_process(tmp_path) as web:
        host, port = web.url.removeprefix("http://").split(":")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        client.settimeout(10)
        client.connect((host, int(port)))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
    assert written() == [(video.pk, 1, SEGMENT_S)]


def test_the_beginning_alone_is_no_play(tmp_path: Path, mint) -> None:
    video = store_video()
    with web_process(tmp_path) as web:
        httpx.get(web.url + folder_of(video, mint(video)) + "v240/00000.m4s").raise_for_status()
    assert written() == [(video.pk, 0, SEGMENT_S)]


def test_what_waits_for_the_database_is_written_before_the_end(tmp_path: Path, mint) -> None:
    video = store_video()
    with web_process(tmp_path) as web:
        httpx.get(web.url + folder_of(video, mint(video)) + "v240/00003.m4s").raise_for_status()
        master = psutil.Process(web.pid)
        with transaction.atomic():  # as another process that is slow to write the same row
            DailyPlays.objects.create(project_id=video.project_id, video_id=video.pk, day=timezone.now())
            master.terminate()
            with pytest.raises(psutil.TimeoutExpired):
                master.wait(CLIENTS_S + 1)
        master.wait(READY_LIMIT_S)
    assert written() == [(video.pk, 1, SEGMENT_S)]
