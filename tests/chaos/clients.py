"""Clients who upload over a network that breaks, and the receiver of webhooks: what a consumer's backend does.

A client goes on for as long as it takes: it asks another web server when one fails, asks with HEAD how far its upload is, and
begins anew where it was told that there is no such upload any more.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx

from tests.clips import make_clip

TUS = {"Tus-Resumable": "1.0.0"}
PIECE_BYTES = 16 * 1024
KINDS = (
    {"duration_s": 4.0, "fps": "25", "audio": False},
    {"duration_s": 8.0, "fps": "25", "audio": True},
    {"duration_s": 6.0, "fps": "30", "audio": True},
    {"duration_s": 4.8, "fps": "15", "audio": False},
)


@dataclass
class Sent:
    """What a client has sent, and what it was told. Times are those of the monotonic clock, in seconds."""

    number: int
    path: str
    sha256: str
    frames: int
    has_sound: bool
    video_id: str = ""
    begun_s: float = 0.0
    acknowledged_s: float = 0.0
    failures: list[str] = field(default_factory=list)
    restarts: int = 0


def make_files(folder: Path, count: int, random: Random) -> list[Sent]:
    """Make so many clips, of which no two are the same file."""
    folder.mkdir()
    made = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        path = folder / f"{number:03d}.mp4"
        make_clip(path, size=(480, 270), **kind)  # type: ignore[arg-type]  # as it takes them
        with path.open("ab") as file:
            noise = random.randbytes(random.randrange(64, 60_000))
            file.write((len(noise) + 8).to_bytes(4, "big") + b"free" + noise)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        frames = round(float(str(kind["duration_s"])) * float(str(kind["fps"])))
        made.append(Sent(number, str(path), digest, frames, bool(kind["audio"])))
    return made


class Uploader:
    """Sends one file, whatever happens meanwhile."""

    def __init__(
        self, sent: Sent, urls: Sequence[str], api_key: str, random: Random, stop: threading.Event
    ) -> None:
        self.sent, self._urls, self._random, self._stop = sent, list(urls), random, stop
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._data = Path(sent.path).read_bytes()
        self._turn = sent.number
        self._key = ""

    def run(self) -> None:
        """Upload until it is acknowledged that all is there, or everything is stopped."""
        self.sent.begun_s = time.monotonic()
        with httpx.Client(headers=self._headers, timeout=httpx.Timeout(30, connect=3)) as client:
            self.sent.video_id = self._until_done(client, self._create)
            address = ""
            while not self._stop.is_set():
                address = address or self._until_done(client, self._begin)
                found = self._try(partial(self._send_rest, client, address))
                if found == "gone":
                    address, self.sent.restarts = "", self.sent.restarts + 1
                elif found == "whole":
                    self.sent.acknowledged_s = time.monotonic()
                    return

    def _create(self, client: httpx.Client) -> str:
        # The same key each time: a lost answer makes no second video.
        headers = {"Idempotency-Key": self._key}
        answer = client.post(
            self._url("/api/v1/videos"), json={"title": f"{self.sent.number}"}, headers=headers
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def _begin(self, client: httpx.Client) -> str:
        video = base64.b64encode(self.sent.video_id.encode()).decode()
        headers = {**TUS, "Upload-Length": str(len(self._data)), "Upload-Metadata": f"video_id {video}"}
        answer = client.post(self._url("/api/v1/uploads/tus"), headers=headers)
        if answer.status_code == httpx.codes.CONFLICT and answer.json().get("code") == "source_exists":
            return "whole"  # an answer was lost, and the file had come
        answer.raise_for_status()
        return urlsplit(urljoin(str(answer.url), answer.headers["Location"])).path

    def _send_rest(self, client: httpx.Client, address: str) -> str:
        if address == "whole":
            return "whole"
        answer = client.head(self._url(address), headers=TUS)
        if answer.status_code in {404, 410}:
            return "gone"
        answer.raise_for_status()
        at = int(answer.headers["Upload-Offset"])
        if at < len(self._data):
            headers = {**TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            headers["Content-Length"] = str(len(self._data) - at)
            answer = client.patch(self._url(address), content=self._pieces(at), headers=headers)
            answer.raise_for_status()
            at = int(answer.headers["Upload-Offset"])
        return "whole" if at == len(self._data) else "more"

    def _pieces(self, at: int) -> Iterator[bytes]:
        """Yield what is left, as slowly as a network is, so that something can happen in between."""
        while at < len(self._data):
            yield self._data[at : at + PIECE_BYTES]
            at += PIECE_BYTES
            self._stop.wait(self._random.uniform(0.02, 0.3))

    def _until_done(self, client: httpx.Client, step: Callable[[httpx.Client], str]) -> str:
        self._key = str(uuid4())
        while not self._stop.is_set():
            found = self._try(partial(step, client))
            if found:
                return found
        return ""

    def _try(self, step: Callable[[], str]) -> str:
        try:
            return step()
        except httpx.HTTPStatusError as error:
            self._note(f"{error.request.method} {error.response.status_code} {error.response.text[:200]}")
        except httpx.HTTPError as error:
            self._note(f"{type(error).__name__}")
        self._turn += 1  # the other web server, as a load balancer would
        self._stop.wait(self._random.uniform(0.2, 1.0))
        return ""

    def _note(self, words: str) -> None:
        self.sent.failures.append(words)

    def _url(self, path: str) -> str:
        return self._urls[self._turn % len(self._urls)] + path
