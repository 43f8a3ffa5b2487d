"""A restriction by the API, through a real web server: the next segment of a running player does not come."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from tests.factories import make_api_key
from tests.streaming.clip import store_video
from tests.streaming.conftest import Mint, folder_of
from tests.streaming.web_process import web_process

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_restriction_by_the_api_stops_a_running_player(tmp_path: Path, mint: Mint) -> None:
    video = store_video()
    _, key = make_api_key(video.project)
    segment = folder_of(video, mint(video)) + "v240/00000.m4s"
    restriction = f"/api/v1/videos/{video.pk}/restriction"
    with (
        web_process(tmp_path, "--workers", "2") as web,
        httpx.Client(base_url=web.url, timeout=60) as client,
    ):
        assert client.get(segment).status_code == 200
        headers = {"Authorization": f"Bearer {key}"}
        held = client.put(restriction, json={"level": "blocked", "reason": "spam"}, headers=headers)
        assert held.json()["level"] == "blocked"
        assert _until(client, segment, 403).json()["code"] == "video_restricted"
        client.delete(restriction, headers=headers)
        _until(client, segment, 200)


def _until(client: httpx.Client, path: str, status: int) -> httpx.Response:
    """Ask until the answer is this one; how soon, the benchmark of revocation measures."""
    began_at = timezone.now()
    while (answer := client.get(path)).status_code != status:
        assert timezone.now() - began_at < timedelta(seconds=20)
    return answer
