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
from tests.clips import make_clip
from tests.cors_proxy import cors_proxy
from tests.embedded import ROOT, Gilfoyle, running_gilfoyle
from tests.journeys.consumer import playback, video, wait_until_ready
from tests.playing import decode, media_playlists
from tests.services import require_service, service_url

pytestmark = pytest.mark.embedded
SCRIPT = ROOT / "docs" / "direct-upload.sh"
PART_BYTES = 5 * 1024 * 1024
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
    assert done.stdout.split() == [upload_id, "verifying"]
    assert done.stderr.split("\n")[:2] == ["part 2", "part 3"]
    ready = wait_until_ready(client, grant["video_id"])
    assert ready["title"] == "Direct"
    played = media_playlists(client, playback(client, grant["video_id"])["hls_url"])
    assert decode(played[0].url).frames == 90
    again = run_script(film, grant["direct_url"])
    assert again.returncode == 1
    assert "source_exists" in again.stderr
    assert "X-Amz-Signature" not in with_bucket.output
