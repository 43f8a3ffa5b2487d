"""Films that come in every way lie in a real bucket as noise, play, and survive the death of whoever encrypts them."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import httpx
import psutil
import pytest
import yaml
from tusclient.client import TusClient

from gilfoyle.lib.ids import random_text
from tests.clips import make_clip
from tests.embedded import Gilfoyle, running_gilfoyle, wait_until
from tests.file_server import Offer, file_server
from tests.journeys.consumer import create_video, job, playback, upload, video, wait_until_ready
from tests.playing import decode, media_playlists
from tests.processing.jobs.test_sealed_sources import require_noise
from tests.services import service_url

pytestmark = pytest.mark.embedded
FRAMES = 60
RUNG = {"width": 426, "height": 240, "crf": 30, "max_bitrate_bps": 450000}


class SealedGilfoyle:
    """A Gilfoyle whose media is in a folder of its own of a real bucket."""

    def __init__(self, gilfoyle: Gilfoyle, bucket: Any, prefix: str) -> None:
        self.gilfoyle, self.client, self._bucket, self._prefix = gilfoyle, gilfoyle.client, bucket, prefix

    def lying(self, folder: str) -> dict[str, bytes]:
        """Return what the bucket has below a folder, by its names."""
        found = self._bucket.objects.filter(Prefix=f"{self._prefix}/{folder}/")
        return {one.key.removeprefix(self._prefix + "/"): one.get()["Body"].read() for one in found}

    def sources_of(self, video_id: str) -> dict[str, bytes]:
        return {name: data for name, data in self.lying("sources").items() if f"/{video_id}/" in name}

    def is_sending(self) -> bool:
        """Tell whether an object is being written in parts below sources."""
        return any(True for _ in self._bucket.multipart_uploads.filter(Prefix=f"{self._prefix}/sources/"))

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.gilfoyle.data_dir / "gilfoyle.sqlite3", timeout=30)) as database:
            return database.execute(question).fetchall()

    def let_time_pass(self) -> None:
        """Let the time come for all that is to be removed a while later."""
        with closing(sqlite3.connect(self.gilfoyle.data_dir / "gilfoyle.sqlite3", timeout=30)) as database:
            database.execute("UPDATE videos_sparesource SET remove_at = '2000-01-01 00:00:00'")
            database.commit()
        wait_until(lambda: not self.rows("SELECT name FROM videos_sparesource"), what="the sweep")

    def empty(self) -> None:
        self._bucket.objects.filter(Prefix=self._prefix + "/").delete()


@pytest.fixture
def sealed(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SealedGilfoyle]:
    url = urlsplit(service_url("an S3 store", "GILFOYLE_TEST_S3_URL"))
    name, endpoint_url = url.path.strip("/"), f"http://{url.hostname}:{url.port}"
    access, secret = unquote(url.username or ""), unquote(url.password or "")
    s3 = {"bucket": name, "endpoint_url": endpoint_url, "prefix": f"sealed-{random_text(8)}"}
    told = {
        "storage": {"backend": "s3", "s3": s3},
        "encoding": {"preset": "ultrafast", "ladder": [RUNG], "lease_s": 3},
        "imports": {"private_networks": ["127.0.0.1/32"], "ports": list(range(1024, 65536))},
        **getattr(request, "param", {}),
    }
    written = tmp_path / "settings.yaml"
    written.write_text(yaml.safe_dump(told))
    environment = {
        "GILFOYLE_SETTINGS": str(written),
        "GILFOYLE_S3_ACCESS_KEY_ID": access,
        "GILFOYLE_S3_SECRET_ACCESS_KEY": secret,
    }
    made = boto3.resource(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
    ).Bucket(name)
    with running_gilfoyle(tmp_path, environment=environment) as running:
        found = SealedGilfoyle(running, made, s3["prefix"])
        yield found
        found.empty()


def send_by_tus(sealed: SealedGilfoyle, film: Path) -> str:
    grant = sealed.client.post("/api/v1/uploads", json={}).json()
    with film.open("rb") as file:
        uploader = TusClient(grant["tus_url"]).uploader(file_stream=file, chunk_size=film.stat().st_size // 3)
        uploader.upload_chunk()
        # Half of it is there, and nobody who sees the bucket knows of what.
        for piece in sealed.lying("uploads").values():
            require_noise(piece)
        assert sealed.lying("uploads")
        uploader.upload()
    return str(grant["video_id"])


def send_direct(sealed: SealedGilfoyle, film: Path) -> str:
    data = film.read_bytes()
    grant = sealed.client.post("/api/v1/uploads", json={}).json()
    begun = httpx.post(grant["direct_url"], json={"size_bytes": len(data)}).json()
    address = f"{grant['direct_url']}/{begun['upload_id']}"
    for number in range(1, begun["part_count"] + 1):
        (part,) = httpx.post(f"{address}/parts", json={"parts": [{"part_number": number}]}).json()["parts"]
        first = (number - 1) * begun["part_size_bytes"]
        sent = httpx.put(
            part["url"], content=data[first : first + begun["part_size_bytes"]], headers=part["headers"]
        )
        assert sent.status_code == 200, sent.text
    assert httpx.post(f"{address}/complete", json={}, timeout=60).status_code in {200, 202}
    return str(grant["video_id"])


def send_by_import(sealed: SealedGilfoyle, film: Path) -> str:
    video_id = create_video(sealed.client)
    with file_server(**{"clip.mp4": Offer(film.read_bytes())}) as server:
        begun = sealed.client.post(f"/api/v1/videos/{video_id}/import", json={"source_url": server.url()})
        assert begun.status_code == 202, begun.text
        wait_until(
            lambda: video(sealed.client, video_id)["status"] in {"processing", "ready", "failed"},
            what="the import",
        )
    return video_id


def send_by_put(sealed: SealedGilfoyle, film: Path) -> str:
    video_id = upload(sealed.client, film)
    # Encrypted from its first byte on, not at the end of its job only.
    for stored in sealed.sources_of(video_id).values():
        require_noise(stored)
    return video_id


def probe(path: Path) -> str:
    """Return what ffmpeg's own prober says of a file."""
    import imageio_ffmpeg  # noqa: PLC0415 - as tests.playing has it

    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    return done.stderr


def test_a_film_that_comes_in_any_way_lies_there_as_noise_and_plays(
    sealed: SealedGilfoyle, tmp_path: Path
) -> None:
    film = make_clip(tmp_path / "film.mp4", duration_s=2, size=(320, 180))
    sent = {
        way.__name__: way(sealed, film) for way in (send_by_put, send_by_tus, send_by_import, send_direct)
    }
    for way, video_id in sent.items():
        ready = wait_until_ready(sealed.client, video_id)
        assert (way, ready["source_is_encrypted"]) == (way, True)
        assert ready["source_cleaning"]["uploaded_size_bytes"] == film.stat().st_size
        playlists = media_playlists(sealed.client, playback(sealed.client, video_id)["hls_url"])
        assert decode(playlists[0].url).frames == FRAMES
    # All that there is, of all of them, is one encrypted source of each.
    sealed.let_time_pass()
    left = [list(sealed.sources_of(video_id).values()) for video_id in sent.values()]
    assert [len(sources) for sources in left] == [1] * len(sent)
    for number, (stored,) in enumerate(left):
        require_noise(stored)
        path = tmp_path / f"stolen-{number}.mp4"
        path.write_bytes(stored)
        assert "Invalid data found" in probe(path)
    wait_until(lambda: not sealed.lying("uploads"), what="the sweep of what was sent")
    assert len(sealed.rows("SELECT name FROM videos_sourcekey")) == len(sent)
    deleted = next(iter(sent.values()))
    assert sealed.client.delete(f"/api/v1/videos/{deleted}").status_code == 204
    assert len(sealed.rows("SELECT name FROM videos_sourcekey")) == len(sent) - 1


def make_large(path: Path) -> Path:
    """Make a film with much room in it for later, as some cameras leave it: encrypting it takes a moment."""
    clip = make_clip(path.with_name("clip.mp4"), duration_s=2, size=(320, 180)).read_bytes()
    free = 96 * 1024 * 1024
    path.write_bytes(clip + (free + 8).to_bytes(4, "big") + b"free" + bytes(free))
    return path


def packager(gilfoyle: Gilfoyle) -> list[psutil.Process]:
    """Return the worker that encrypts, with all below it."""
    worker = gilfoyle.children()["package"]
    return [worker, *worker.children(recursive=True)]


@pytest.mark.whole
@pytest.mark.parametrize("sealed", [{"privacy": {"clean_originals": False}}], indirect=True)
def test_a_worker_that_is_killed_while_it_encrypts_leaves_one_whole_source(
    sealed: SealedGilfoyle, tmp_path: Path
) -> None:
    film = make_large(tmp_path / "film.mp4")
    video_id = send_direct(sealed, film)
    wait_until(sealed.is_sending, what="a worker to write the encrypted source")
    assert [
        step["status"] for step in job(sealed.client, video_id)["steps"] if step["kind"] == "clean_source"
    ] == ["running"]
    killed = packager(sealed.gilfoyle)
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=30)
    ((name, stored),) = sealed.sources_of(video_id).items()  # nothing half-written has a name
    assert (name.endswith("/source"), len(stored)) == (True, film.stat().st_size)
    ready = wait_until_ready(sealed.client, video_id)
    assert ready["source_is_encrypted"]
    sealed.let_time_pass()  # until the sweep looks for what the dead worker may have stored
    ((name, stored),) = sealed.sources_of(video_id).items()
    require_noise(stored)
    assert sealed.rows("SELECT name FROM videos_sourcekey") == [(name,)]
    playlists = media_playlists(sealed.client, playback(sealed.client, video_id)["hls_url"])
    assert decode(playlists[0].url).frames == FRAMES
