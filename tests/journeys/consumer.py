"""What a consumer's backend does, over HTTP only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.embedded import wait_until


def create_video(client: httpx.Client, **fields: Any) -> str:
    answer = client.post("/api/v1/videos", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def upload(client: httpx.Client, source: Path, **fields: Any) -> str:
    """Create a video and send its source, as `curl -T` does; return its id."""
    video_id = create_video(client, **fields)
    with source.open("rb") as file:
        answer = client.put(
            f"/api/v1/videos/{video_id}/source",
            content=iter(lambda: file.read(256 * 1024), b""),
            headers={"Content-Length": str(source.stat().st_size)},
        )
    assert answer.status_code == 200, answer.text
    return video_id


def video(client: httpx.Client, video_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/videos/{video_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def job(client: httpx.Client, video_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/videos/{video_id}/job")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def wait_until_ended(client: httpx.Client, video_id: str) -> dict[str, Any]:
    """Follow a video until it is ready or failed."""
    wait_until(
        lambda: video(client, video_id)["status"] in {"ready", "failed"},
        what=f"{video_id} to be ready or failed",
        tell=lambda: job(client, video_id),
    )
    return video(client, video_id)


def wait_until_ready(client: httpx.Client, video_id: str) -> dict[str, Any]:
    ended = wait_until_ended(client, video_id)
    assert ended["status"] == "ready", (ended["failure"], job(client, video_id))
    return ended


def playback(client: httpx.Client, video_id: str, **wanted: Any) -> dict[str, Any]:
    answer = client.post(f"/api/v1/videos/{video_id}/playback", json=wanted)
    assert answer.status_code in {200, 201}, answer.text
    body: dict[str, Any] = answer.json()
    return body
