"""A system at work moves from one media store to another: who watches and who uploads notices nothing, and all is there."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from urllib.parse import urljoin

import pytest
import yaml

from gilfoyle.lib.store_marks import MARK
from tests.clips import make_clip
from tests.embedded import Gilfoyle, run_manage, running_gilfoyle
from tests.journeys.consumer import create_video, playback, upload, wait_until_ready
from tests.playing import all_bytes, decode, media_playlists

pytestmark = [pytest.mark.embedded, pytest.mark.long]

ENCODING = {
    "preset": "ultrafast",
    "opening_s": 2,
    "chunk_s": 4,
    "ladder": [{"width": 320, "height": 180, "crf": 33, "max_bitrate_bps": 300_000}],
}
DURATION_S, FPS = 8, 25


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    return make_clip(folder / "clip.mp4", duration_s=DURATION_S, size=(320, 180), fps=str(FPS), audio=True)


def test_nobody_notices_a_move(tmp_path: Path, source: Path) -> None:
    settings, new, old = tmp_path / "settings.yaml", tmp_path / "new", tmp_path / "data" / "media"
    stores = {"others": [{"name": "new", "path": str(new)}]}

    def configure(**storage: object) -> None:
        document = {"encoding": ENCODING, "storage": {**stores, **storage}}
        settings.write_text(yaml.safe_dump(document), encoding="utf-8")

    configure()
    environment = {"GILFOYLE_SETTINGS": str(settings)}
    with running_gilfoyle(tmp_path, environment=environment) as gilfoyle:

        def manage(*argv: str) -> str:
            done = run_manage(*argv, data_dir=gilfoyle.data_dir, environment=environment)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        watched = upload(gilfoyle.client, source)
        wait_until_ready(gilfoyle.client, watched)
        arriving = create_video(gilfoyle.client)
        address = begin_tus(gilfoyle, arriving, source)
        encoding = upload(gilfoyle.client, source)
        gilfoyle.stop()

        configure(sources="new", renditions="new", also_read="main")
        gilfoyle.start()
        master = playback(gilfoyle.client, watched)["hls_url"]
        before, watching = all_bytes(gilfoyle.client, master), Watching(gilfoyle, master)
        watching.start()
        manage("storage", "migrate", "main", "new")
        end_tus(gilfoyle, address, source)
        for video_id in (arriving, encoding):
            wait_until_ready(gilfoyle.client, video_id)
        manage("storage", "migrate", "main", "new")
        assert "0 missing, 0 corrupt, 0 orphans" in manage("storage", "verify", "--checksums")
        watching.end()
        assert watching.rounds > 0
        assert all(seen == before for seen in watching.seen), "a viewer got something else"
        gilfoyle.stop()

        configure(sources="new", renditions="new")
        gilfoyle.start()
        told = manage("storage", "migrate", "main", "new", "--delete-old", "--json")
        assert [path for path in old.rglob("*") if path.is_file() and path.name != MARK] == [], told
        assert "0 missing, 0 corrupt, 0 orphans" in manage("storage", "verify", "--checksums")
        for video_id in (watched, arriving, encoding):
            master = playback(gilfoyle.client, video_id)["hls_url"]
            picture = media_playlists(gilfoyle.client, master)[0]
            assert decode(picture.url).frames == DURATION_S * FPS
        gilfoyle.stop()


class Watching(threading.Thread):
    """A viewer who gets all of a video again and again."""

    def __init__(self, gilfoyle: Gilfoyle, master: str) -> None:
        super().__init__(daemon=True)
        self._gilfoyle, self._master, self._end = gilfoyle, master, threading.Event()
        self.seen: list[dict[str, bytes]] = []
        self.failure: BaseException | None = None

    @property
    def rounds(self) -> int:
        return len(self.seen)

    def run(self) -> None:
        try:
            while not self._end.is_set() or not self.seen:
                found = all_bytes(self._gilfoyle.client, self._master)
                if found not in self.seen[:1]:
                    self.seen.append(found)
        except BaseException as error:  # noqa: BLE001 - told of where it is waited for
            self.failure = error

    def end(self) -> None:
        self._end.set()
        self.join(timeout=120)
        if self.failure is not None:
            raise self.failure


def begin_tus(gilfoyle: Gilfoyle, video_id: str, source: Path) -> str:
    """Begin a resumable upload and send half of it; returns its address."""
    grant = gilfoyle.client.post("/api/v1/uploads", json={"video_id": video_id})
    assert grant.status_code == 201, grant.text
    tus = {"Tus-Resumable": "1.0.0"}
    name = base64.b64encode(b"clip.mp4").decode()
    length = str(source.stat().st_size)
    made = gilfoyle.client.post(
        grant.json()["tus_url"],
        headers={**tus, "Upload-Length": length, "Upload-Metadata": f"filename {name}"},
    )
    assert made.status_code == 201, made.text
    half = source.read_bytes()[: source.stat().st_size // 2]
    address: str = urljoin(grant.json()["tus_url"], made.headers["Location"])
    assert patch(gilfoyle, address, half, at=0) == len(half)
    return address


def end_tus(gilfoyle: Gilfoyle, address: str, source: Path) -> None:
    """Send the rest."""
    head = gilfoyle.client.head(address, headers={"Tus-Resumable": "1.0.0"})
    at = int(head.headers["Upload-Offset"])
    assert at == source.stat().st_size // 2
    assert patch(gilfoyle, address, source.read_bytes()[at:], at=at) == source.stat().st_size


def patch(gilfoyle: Gilfoyle, address: str, data: bytes, *, at: int) -> int:
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(at),
        "Content-Type": "application/offset+octet-stream",
    }
    answer = gilfoyle.client.patch(address, content=data, headers=headers)
    assert answer.status_code == 204, answer.text
    return int(answer.headers["Upload-Offset"])
