"""A film on a real node of IPFS: uploaded, encoded, played and deleted; the node has never seen what it is."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from tusclient.client import TusClient

from tests.clips import make_clip
from tests.embedded import Gilfoyle, run_manage, running_gilfoyle, wait_until
from tests.ipfs import blocks_of, ipfs_settings, is_pinned
from tests.journeys.consumer import playback, upload, wait_until_ready
from tests.playing import decode, media_playlists

pytestmark = pytest.mark.embedded
FRAMES = 120
RUNG = {"width": 426, "height": 240, "crf": 30, "max_bitrate_bps": 450000}
TITLE = "The-title-of-a-film-4471"
WORDS = "Words-that-somebody-says-8812"
# What videos, pictures and texts begin with, or have in them, and what is said of them.
PLAIN = (b"ftyp", b"moof", b"moov", b"mdat", b"WEBVTT", b"\xff\xd8\xff\xe0", b"#EXTM3U", b"Lavf", b"x264")


class IpfsGilfoyle:
    """A Gilfoyle whose media is on IPFS."""

    def __init__(self, gilfoyle: Gilfoyle, environment: dict[str, str]) -> None:
        self.gilfoyle, self.client, self.environment = gilfoyle, gilfoyle.client, environment

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.gilfoyle.data_dir / "gilfoyle.sqlite3", timeout=30)) as database:
            return database.execute(question).fetchall()

    def objects(self) -> dict[str, str]:
        """Return what is stored of consumers' videos (the house has one of its own): names and CIDs."""
        found = self.rows("SELECT name, cid FROM videos_ipfsobject WHERE name NOT LIKE '%/canary%'")
        return dict(found)

    def pins(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT cid FROM videos_ipfspin")


@pytest.fixture
def ipfs(tmp_path: Path) -> Iterator[IpfsGilfoyle]:
    told = {
        "storage": ipfs_settings(),
        "encoding": {"preset": "ultrafast", "ladder": [RUNG], "lease_s": 3},
    }
    written = tmp_path / "settings.yaml"
    written.write_text(yaml.safe_dump(told))
    environment = {"GILFOYLE_SETTINGS": str(written)}
    with running_gilfoyle(tmp_path, environment=environment) as running:
        yield IpfsGilfoyle(running, environment)


def require_noise(cid: str, private: list[bytes]) -> None:
    for block in blocks_of(cid):
        for word in (*PLAIN, *private):
            # A short word comes up in noise by chance, once in some gigabytes; behind its length in a box it does not.
            assert (
                word not in block
                if len(word) > 4
                else not re.search(rb"\x00[^\x00]{0,3}" + re.escape(word), block)
            )


@pytest.mark.whole
def test_a_film_is_uploaded_encoded_played_and_deleted_on_ipfs(ipfs: IpfsGilfoyle, tmp_path: Path) -> None:
    client = ipfs.client
    film = make_clip(tmp_path / "film.mp4", duration_s=4, size=(320, 180))
    video_id = upload(client, film, title=TITLE)
    text = {"file": ("en.vtt", f"WEBVTT\n\n00:00.000 --> 00:02.000\n{WORDS}\n".encode(), "text/vtt")}
    added = client.post(
        f"/api/v1/videos/{video_id}/tracks", files=text, data={"language": "en", "kind": "subtitles"}
    )
    assert added.status_code == 201, added.text
    wait_until_ready(client, video_id)

    addresses = playback(client, video_id)
    playlists = media_playlists(client, addresses["hls_url"])
    assert decode(playlists[0].url).frames == FRAMES
    segment = playlists[0].segment_urls[0]
    whole = client.get(segment).content
    part = client.get(segment, headers={"Range": f"bytes=1000-{len(whole) - 1001}"})
    assert (part.status_code, part.content) == (206, whole[1000:-1000])
    assert client.get(addresses["poster_url"]).content.startswith(b"\xff\xd8\xff")
    assert any(WORDS in client.get(url).text for url in playlists[-1].segment_urls)

    stored = ipfs.objects()
    private = [TITLE.encode(), WORDS.encode(), video_id.encode(), film.read_bytes()[1000:1032]]
    kinds = {name.split("/")[0] for name in stored}
    assert {"sources", "renditions", "tracks"} <= kinds
    assert any(name.endswith(".jpg") for name in stored)
    for cid in stored.values():
        require_noise(cid, private)
        assert is_pinned(cid)
    found = run_manage("doctor", data_dir=ipfs.gilfoyle.data_dir, environment=ipfs.environment)
    assert "IPFS node" in found.stdout

    assert client.delete(f"/api/v1/videos/{video_id}").status_code == 204
    wait_until(lambda: not ipfs.objects() and not ipfs.pins(), what="all of it to be unpinned")
    assert not any(map(is_pinned, stored.values()))


@pytest.mark.whole
def test_an_upload_goes_on_after_its_process_was_killed_and_nothing_is_left_of_its_pieces(
    ipfs: IpfsGilfoyle, tmp_path: Path
) -> None:
    film = make_clip(tmp_path / "film.mp4", duration_s=4, size=(320, 180))
    data, client = film.read_bytes(), ipfs.client
    grant = client.post("/api/v1/uploads", json={}).json()
    video_id = grant["video_id"]
    uploader = TusClient(grant["tus_url"]).uploader(file_stream=io.BytesIO(data), chunk_size=len(data) // 3)
    uploader.upload_chunk()
    pieces = ipfs.objects()
    assert pieces
    for cid in pieces.values():
        require_noise(cid, [data[1000:1032]])
    web = [ipfs.gilfoyle.children()["web"], *ipfs.gilfoyle.children()["web"].children(recursive=True)]
    for process in web:
        process.kill()
    psutil.wait_procs(web, timeout=30)
    wait_until(ipfs.gilfoyle.is_ready, what="the web process to be back")
    uploader.upload()
    wait_until_ready(client, video_id)
    wait_until(
        lambda: not any(name.startswith("uploads/") for name in ipfs.objects()), what="the pieces to go"
    )
    wait_until(lambda: not ipfs.pins(), what="what was noted to be unpinned")
    assert not any(map(is_pinned, pieces.values()))
