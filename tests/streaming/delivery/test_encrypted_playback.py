"""Encrypted segments as a player without a screen meets them: over HTTP, by the keys that a token opens, or not at all."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import imageio_ffmpeg
import pytest

from streaming.tokens.claims import VIEWER_SCOPES, Scope
from tests.file_server import Offer, file_server
from tests.playing import decode, media_playlists
from tests.streaming.clip import FRAME_RATE, SEGMENT_S, SEGMENTS, make_clip, store_video
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import WebProcess, web_process
from videos.catalog.services import delete_video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
FRAMES = FRAME_RATE * SEGMENT_S * SEGMENTS


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


def try_decoding(url: str) -> int:
    """Return how many pictures ffmpeg shows of a playlist, whatever it complains of."""
    argv = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-nostdin",
        "-v",
        "quiet",
        "-allowed_extensions",
        "ALL",
        "-i",
        url,
        "-map",
        "0:v:0?",
    ]
    argv += ["-f", "framemd5", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    return sum(not line.startswith("#") for line in done.stdout.splitlines())


def test_ffmpeg_plays_every_rendition_to_its_end(web, mint):
    video = store_video(is_encrypted=True)
    folder = web.url + folder_of(video, mint(video))
    for name in ("v240", "v144"):
        assert decode(f"{folder}{name}/index.m3u8").frames == FRAMES
        assert try_decoding(f"{folder}{name}/index.m3u8") == FRAMES
    sound = decode(f"{folder}a0/index.m3u8", stream="0:a:0")
    assert abs(sound.duration_s - SEGMENT_S * SEGMENTS) < 0.1
    assert decode(f"{folder}master.m3u8").frames == FRAMES


def test_no_byte_of_a_segment_leaves_in_the_clear(web, mint):
    video = store_video(is_encrypted=True)
    clear = {hashlib.sha256(data).digest() for one in make_clip().tracks.values() for data in one.segments}
    with httpx.Client() as client:
        for playlist in media_playlists(client, web.url + folder_of(video, mint(video)) + "master.m3u8"):
            for url in playlist.segment_urls:
                sent = client.get(url).content
                assert len(sent) % 16 == 0
                assert hashlib.sha256(sent).digest() not in clear
                assert not (b"moof" in sent and b"mdat" in sent)
                # By parts too: a player that resumes gets the same ciphertext.
                part = client.get(url, headers={"Range": "bytes=16-47"})
                assert (part.status_code, part.content) == (206, sent[16:48])


@pytest.mark.parametrize("lacks", ["nothing", "scope", "height", "another's", "deleted"])
def test_without_the_right_key_nothing_is_seen(lacks, web, mint):
    """The viewer has kept a playlist with all addresses and the segments, as a cache may, and asks for the key alone."""
    video, other = store_video(is_encrypted=True), store_video(is_encrypted=True)
    folder = web.url + folder_of(video, mint(video)) + "v240/"
    keys = {
        "nothing": folder + "key",
        "scope": web.url + folder_of(video, mint(video, scope=VIEWER_SCOPES & ~Scope.KEY)) + "v240/key",
        "height": web.url + folder_of(video, mint(video, max_height=144)) + "v240/key",
        "another's": web.url + folder_of(other, mint(other)) + "v240/key",
        "deleted": folder + "key",
    }
    with file_server() as cache:
        kept = []
        for line in httpx.get(folder + "index.m3u8").text.splitlines():
            name = "init.mp4" if line.startswith("#EXT-X-MAP") else line
            if name.endswith((".mp4", ".m4s")):
                cache.offers[f"/{name}"] = Offer(httpx.get(folder + name).content)
            kept.append(line.replace('URI="key"', f'URI="{keys[lacks]}"'))
        cache.offers["/index.m3u8"] = Offer("\n".join(kept).encode())
        if lacks == "deleted":
            delete_video(video=video)
        assert try_decoding(cache.url("/index.m3u8")) == (FRAMES if lacks == "nothing" else 0)


def test_no_key_and_no_token_stands_in_a_log(web, mint):
    video = store_video(is_encrypted=True)
    token = mint(video)
    key = httpx.get(web.url + folder_of(video, token) + "v240/key")
    assert len(key.content) == 16
    assert httpx.get(web.url + folder_of(video, token) + "v999/key").status_code == 404
    logged = web.log.read_bytes()
    assert key.content not in logged
    assert key.content.hex().encode() not in logged
    assert token.encode() not in logged
    assert urlsplit(web.url).port
