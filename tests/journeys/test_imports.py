"""From an address to a video that is ready: fetched by a worker over a broken connection, probed, encoded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from gilfoyle.lib.queue import QUEUES
from processing.jobs.worker import run_next_step
from tests.clips import make_clip
from tests.file_server import Offer, file_server
from tests.videos.imports.arriving import allow_loopback
from videos.imports.worker import run_next_import

API = "/api/v1/videos"


@pytest.mark.django_db(transaction=True)
def test_what_an_address_has_is_played_in_the_end(api: APIClient, settings: Any, tmp_path: Path) -> None:
    data = make_clip(tmp_path / "clip.mp4", duration_s=1, size=(160, 90)).read_bytes()
    with file_server(**{"clip.mp4": Offer(data, cuts=[len(data) // 3, len(data) // 3])}) as server:
        allow_loopback(settings, server)
        video_id = api.post(API, {"title": "Clip"}, format="json").json()["id"]
        begun = api.post(f"{API}/{video_id}/import", {"source_url": server.url()}, format="json")
        assert begun.status_code == 202
        while run_next_import() or any(run_next_step(queue=queue) for queue in QUEUES):
            pass
    video = api.get(f"{API}/{video_id}").json()
    assert (video["status"], video["playable"]) == ("ready", True)
    assert video["source_cleaning"]["uploaded_sha256"] == hashlib.sha256(data).hexdigest()
    ended = api.get(f"{API}/{video_id}/import").json()
    assert (ended["status"], ended["received_bytes"], ended["progress"]) == ("finished", len(data), 100)
    assert [headers.get("range") for _path, headers in server.asked] == [
        None,
        f"bytes={len(data) // 3}-",
        f"bytes={len(data) // 3 * 2}-",
    ]
