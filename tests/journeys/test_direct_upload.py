"""Films go straight to the bucket: by curl, though it is killed half-way, and by Uppy in Chromium. They play."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
import yaml

from gilfoyle.lib.ids import random_text
from tests.browser import quiet_page, running_chromium
from tests.clips import make_clip
from tests.cors_proxy import cors_proxy
from tests.embedded import ROOT, Gilfoyle, running_gilfoyle
from tests.file_server import Offer, file_server
from tests.house.pages import block
from tests.journeys.consumer import playback, video, wait_until_ready
from tests.playing import decode, media_playlists
from tests.services import require_service, service_url
from tests.videos.uploads.browser_clients import require_browser_clients

pytestmark = pytest.mark.embedded
SCRIPT = ROOT / "docs" / "direct-upload.sh"
PART_BYTES = 5 * 1024 * 1024
PAGE = b'<!doctype html><title>Upload</title><link rel="icon" href="data:,"><input type="file"><script src="uppy.js"></script>'
# Between the script and the real curl: at the second part it kills the script.
DEADLY_CURL = """#!/bin/sh
case "$*" in *--request\\ PUT*)
    [ -e "$0.sent" ] && {{ kill -KILL "$KILLED"; exit 1; }}
    touch "$0.sent" ;;
esac
exec {curl} "$@"
"""


@pytest.fixture(scope="module")
def origins() -> set[str]:
    """Whose pages may send to the bucket."""
    return set()


@pytest.fixture(scope="module")
def with_bucket(tmp_path_factory: pytest.TempPathFactory, origins: set[str]) -> Iterator[Gilfoyle]:
    """A Gilfoyle whose media is in a real bucket, in a folder of its own; clients reach it by another address."""
    url = urlsplit(service_url("an S3 store", "GILFOYLE_TEST_S3_URL"))
    folder = tmp_path_factory.mktemp("direct")
    s3 = {
        "bucket": url.path.strip("/"),
        "endpoint_url": f"http://{url.hostname}:{url.port}",
        "prefix": f"journey-{random_text(8)}",
    }
    rung = {"width": 426, "height": 240, "crf": 30, "max_bitrate_bps": 450000}
    written = folder / "settings.yaml"
    environment = {
        "GILFOYLE_SETTINGS": str(written),
        "GILFOYLE_S3_ACCESS_KEY_ID": unquote(url.username or ""),
        "GILFOYLE_S3_SECRET_ACCESS_KEY": unquote(url.password or ""),
    }
    with cors_proxy(s3["endpoint_url"], origins) as public_url:
        s3["public_endpoint_url"] = public_url
        told = {
            "storage": {"backend": "s3", "s3": s3},
            "encoding": {"preset": "ultrafast", "ladder": [rung]},
        }
        written.write_text(yaml.safe_dump(told))
        with running_gilfoyle(folder, environment=environment) as running:
            yield running


@pytest.fixture
def uppy_page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another web site, with a page that has Uppy."""
    bundle = require_browser_clients(request.config, tmp_path) / "uppy.js"
    with file_server() as server:
        server.offers["/"] = Offer(PAGE, headers={"Content-Type": "text/html"})
        server.offers["/uppy.js"] = Offer(bundle.read_bytes(), headers={"Content-Type": "text/javascript"})
        yield server.url("")


def make_film(path: Path) -> Path:
    """Make a film of three parts: what follows its index is room for later, as some cameras leave it."""
    clip = make_clip(path.with_name("clip.mp4"), duration_s=3, size=(320, 180)).read_bytes()
    free = 2 * PART_BYTES + 4000
    path.write_bytes(clip + (free + 8).to_bytes(4, "big") + b"free" + bytes(free))
    return path


def run_script(
    film: Path, url: str, *more: str, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    curl = shutil.which("curl")
    require_service("curl", present=curl is not None)
    path = os.environ["PATH"]
    if folder is not None:
        deadly = folder / "curl"
        deadly.write_text(DEADLY_CURL.format(curl=curl))
        deadly.chmod(0o755)
        path = f"{folder}:{path}"
    # A shell of its own, whose number is the script's.
    started = ["bash", "-c", 'KILLED=$$ exec bash "$@"', "bash", str(SCRIPT), str(film), *more]
    environment = {"PATH": path, "DIRECT_URL": url, "PART_SIZE": str(PART_BYTES)}
    return subprocess.run(started, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_film_goes_to_the_bucket_though_its_client_is_killed_and_plays(
    with_bucket: Gilfoyle, tmp_path: Path
) -> None:
    client, film = with_bucket.client, make_film(tmp_path / "film.mp4")
    grant = client.post("/api/v1/uploads", json={"video": {"title": "Direct"}}).json()
    killed = run_script(film, grant["direct_url"], folder=tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    upload_id = killed.stdout.strip()
    there = httpx.get(f"{grant['direct_url']}/{upload_id}").json()
    assert (there["part_count"], len(there["parts"])) == (3, 1)
    assert video(client, grant["video_id"])["status"] == "uploading"
    done = run_script(film, grant["direct_url"], upload_id)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.split()[:1] == [upload_id]
    assert done.stdout.split()[1:] in (["verifying"], ["finished"])  # as the store is
    assert done.stderr.split("\n")[:2] == ["part 2", "part 3"]
    ready = wait_until_ready(client, grant["video_id"])
    assert ready["title"] == "Direct"
    played = media_playlists(client, playback(client, grant["video_id"])["hls_url"])
    assert decode(played[0].url).frames == 90
    again = run_script(film, grant["direct_url"])
    assert again.returncode == 1
    assert "source_exists" in again.stderr
    assert "X-Amz-Signature" not in with_bucket.output


UPPY = """([directUrl, name]) => new Promise((done) => {
    const uppy = new Uppy({autoProceed: false});
    AS_SHOWN
    const sent = [];
    uppy.on('s3-multipart:part-uploaded', (_file, part) => {
        sent.push(part.PartNumber);
        if (sent.length === 1) {
            uppy.pauseAll();
            uppy.resumeAll();
        }
    });
    const [file] = document.querySelector('input').files;
    uppy.addFile({name, type: 'video/mp4', data: file});
    uppy.upload().then((result) => done([result.successful.length, result.failed.map((one) => one.error), sent]));
})"""


@pytest.mark.whole
@pytest.mark.browser
def test_uppy_sends_a_film_from_a_page_of_another_site(
    with_bucket: Gilfoyle, origins: set[str], uppy_page: str, tmp_path: Path
) -> None:
    client, film = with_bucket.client, make_film(tmp_path / "film.mp4")
    origins.add(uppy_page)
    grant = client.post("/api/v1/uploads", json={"allowed_origins": [uppy_page]}).json()
    with running_chromium() as chromium, quiet_page(chromium) as page:
        page.goto(uppy_page)
        page.locator("input").set_input_files(film)
        assert page.evaluate(
            UPPY.replace("AS_SHOWN", block("docs/direct-uploads.md#by-uppy/js").text),
            [grant["direct_url"], "film.mp4"],
        ) == [1, [], [1, 2, 3]]
    ready = wait_until_ready(client, grant["video_id"])
    assert ready["source_sha256"] or ready["source_cleaning"]
    played = media_playlists(client, playback(client, grant["video_id"])["hls_url"])
    assert decode(played[0].url).frames == 90
