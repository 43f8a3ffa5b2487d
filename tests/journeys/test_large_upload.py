"""A large upload takes no memory, and a broken one leaves nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from threading import Event, Thread
from typing import Self

import httpx
import psutil
import pytest

from tests.embedded import Gilfoyle, wait_until
from tests.journeys.consumer import create_video, video
from tests.lengths import length

pytestmark = pytest.mark.embedded

MIB = 1024 * 1024
SIZE_BYTES = length(512, 2048) * MIB
GROWTH_BYTES = 32 * MIB


class Watch:
    """Follows the private memory of every process of a Gilfoyle, and keeps the largest growth of each."""

    def __init__(self, gilfoyle: Gilfoyle) -> None:
        self._processes = [psutil.Process(gilfoyle.pid), *gilfoyle.family()]
        self._first = {process.pid: process.memory_full_info().uss for process in self._processes}
        self._ended = Event()
        self._thread = Thread(target=self._follow)
        self.growth_bytes = dict.fromkeys(self._first, 0)

    def _look(self) -> None:
        for process in self._processes:
            try:
                grown = process.memory_full_info().uss - self._first[process.pid]
            except psutil.NoSuchProcess:
                continue
            self.growth_bytes[process.pid] = max(self.growth_bytes[process.pid], grown)

    def _follow(self) -> None:
        while not self._ended.wait(0.05):
            self._look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()


@pytest.mark.long
def test_a_large_upload_grows_no_process(shared_gilfoyle: Gilfoyle) -> None:
    client = shared_gilfoyle.client
    assert client.get("/api/v1/account").status_code == 200  # so that what is loaded late is loaded
    piece = bytes(range(256)) * 4096
    digest = hashlib.sha256()

    def body() -> Iterator[bytes]:
        for _ in range(SIZE_BYTES // len(piece)):
            digest.update(piece)
            yield piece

    video_id = create_video(client, title="large")
    with Watch(shared_gilfoyle) as watch:
        answer = client.put(
            f"/api/v1/videos/{video_id}/source",
            content=body(),
            headers={"Content-Length": str(SIZE_BYTES)},
            timeout=600,
        )
    assert answer.status_code == 200, answer.text
    assert answer.json()["source_size_bytes"] == SIZE_BYTES
    assert answer.json()["source_sha256"] == digest.hexdigest()
    assert max(watch.growth_bytes.values()) <= GROWTH_BYTES, watch.growth_bytes
    wait_until(lambda: video(client, video_id)["status"] == "failed", what="the refusal of what is no video")
    assert video(client, video_id)["failure"]["code"] == "source_not_media"
    assert client.delete(f"/api/v1/videos/{video_id}").status_code == 204


def test_client_that_goes_away_leaves_nothing(shared_gilfoyle: Gilfoyle) -> None:
    client = shared_gilfoyle.client
    video_id = create_video(client, title="broken off")

    class Lost(Exception):
        pass

    def body() -> Iterator[bytes]:
        yield b"\0" * (8 * MIB)
        raise Lost

    headers = {"Authorization": client.headers["Authorization"], "Content-Length": str(64 * MIB)}
    with httpx.Client(base_url=shared_gilfoyle.base_url) as other, pytest.raises(Lost):
        other.put(f"/api/v1/videos/{video_id}/source", content=body(), headers=headers)
    wait_until(
        lambda: video(client, video_id)["status"] == "awaiting_upload", what="the upload to be taken back"
    )
    left = [
        path
        for path in (shared_gilfoyle.data_dir / "media").rglob("*")
        if video_id in str(path) and path.is_file()
    ]
    assert left == []
    assert list((shared_gilfoyle.data_dir / "media" / "incoming").iterdir()) == []
