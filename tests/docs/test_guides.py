"""The guides' programs, as they stand on their pages, against a running Gilfoyle: what they send, and what they make of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from streaming.tokens.serializers import PlaybackSerializer
from tests import factories
from tests.embedded import PATIENCE_S, free_port
from tests.factories import Account
from tests.house.pages import block, blocks
from tests.services import require_service
from tests.streaming.web_process import web_process
from tests.videos.uploads.tus_js import require_tus_js
from videos.catalog.models import Video
from videos.segment_index import SegmentRun

HERE = Path(__file__).parent
FILM = b"hardly a film"
SITE = "https://www.example.com"
SECRET = "whsec_" + "c2VjcmV0" * 4


NOT_COMPILED = ("docs/guides/mobile.md#android-exoplayer/kotlin", "docs/guides/mobile.md#ios-avplayer/swift")
SITE_OF_DJANGO = (
    "docs/guides/django.md#settings/python",
    "docs/guides/django.md#calls/python",
    "docs/guides/django.md#rows/python",
    "docs/guides/django.md#pages/python",
    "docs/guides/django.md#pages/html",
    "docs/guides/django.md#pages/python/2",
)


def unpack(folder: Path, *addresses: str) -> None:
    """Write the files that these blocks are."""
    for code in map(block, addresses):
        path = folder / code.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code.text, encoding="utf-8")


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_the_programs_of_all_guides_do_what_they_say(
    tmp_path: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    require_service("node", present=shutil.which("node") is not None)
    account = factories.make_account()
    ready = factories.make_video(account.project, status="ready", duration_s=10.0)
    run = SegmentRun(0, 0, (51_200, 51_200, 25_600), (1000, 1000, 500))
    factories.make_rendition(ready, runs=[run])
    with web_process(tmp_path) as web:
        api = f"{web.url}/api/v1"
        use_django(tmp_path / "django", api, account, ready)
        made = use_node(tmp_path / "node", api, account, ready)
        upload_from_node(
            tmp_path / "upload", made["tus_url"], require_tus_js(request.config, tmp_path_factory)
        )
    for title in ("By Django", "By Node"):
        video = Video.objects.get(title=title)
        assert (video.source_size_bytes, video.creator_id) == (
            len(FILM),
            "1" if title == "By Django" else "user-17",
        )


def use_django(folder: Path, api: str, account: Account, ready: Video) -> None:
    """Run the site of the guide in a process of its own, where its visitors do what the guide is about."""
    unpack(folder, *SITE_OF_DJANGO)
    (folder / "films" / "__init__.py").touch()
    shutil.copy(HERE / "visit_django_site.py", folder)
    event = json.dumps(
        {"type": "video.playable", "timestamp": "2026-11-30T12:00:00Z", "data": {"video": {"id": ready.pk}}}
    )
    now = datetime.now(tz=UTC)
    environment = {
        "VIDEO_API": api,
        "VIDEO_KEY": account.key_text,
        "VIDEO_WEBHOOK_SECRET": SECRET,
        "SITE_ORIGIN": SITE,
        "READY": ready.pk,
        "EVENT": event,
        "SIGNATURE": Webhook(SECRET).sign("msg_1", now, event),
        "STAMP": str(int(now.timestamp())),
        "PATH": os.environ["PATH"],
    }
    argv = [sys.executable, "visit_django_site.py"]
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert httpx.put(told["tus_url"], content=FILM, timeout=PATIENCE_S).status_code == 200
    assert httpx.get(told["embed_url"], timeout=PATIENCE_S).status_code == 200


def use_node(folder: Path, api: str, account: Account, ready: Video) -> dict[str, str]:
    """Run the backend of the guide, renew what it gives by the guide for apps; return the address for an upload."""
    unpack(folder, "docs/guides/node.md#a-node-backend/js", "docs/guides/mobile.md#what-renews-a-token/js")
    shutil.copy(HERE / "renew_session.mjs", folder)
    port = free_port()
    environment = {
        "API": api,
        "KEY": account.key_text,
        "SITE_ORIGIN": SITE,
        "PORT": str(port),
        "PATH": os.environ["PATH"],
    }
    server = subprocess.Popen(["node", "server.mjs"], cwd=folder, env=environment)
    try:
        user = {"X-User": "user-17"}
        backend = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8), timeout=PATIENCE_S
        )
        made = backend.post("/films", json={"id": "7", "title": "By Node"}, headers=user)
        assert made.status_code == 201, made.text
        again = backend.post("/films", json={"id": "7", "title": "By Node"}, headers=user)
        assert again.json() == made.json()
        waiting = backend.post(f"/films/{made.json()['video_id']}/playback", headers=user)
        assert (waiting.status_code, waiting.json()) == (409, {"code": "video_not_playable"})
        assert backend.post(f"/films/{ready.pk}/playback").status_code == 401
        playback = backend.post(f"/films/{ready.pk}/playback", headers=user)
        assert playback.status_code == 200, playback.text
        argv = ["node", "renew_session.mjs", playback.text]
        renewed = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        assert renewed.returncode == 0, renewed.stderr
    finally:
        server.terminate()
        server.wait()
    return dict(made.json())


def upload_from_node(folder: Path, tus_url: str, client: Path) -> None:
    """Run the module of the guide for browsers under Node, with the same library."""
    unpack(folder, "docs/guides/browser-upload.md#by-tus/js")
    (folder / "node_modules").symlink_to(client / "node_modules")
    shutil.copy(HERE / "send_film.mjs", folder)
    argv = ["node", "send_film.mjs", tus_url, FILM.decode()]
    # It comes from no page, so it names one that may.
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"sent": len(FILM), "again": "source_exists"}


def test_what_apps_read_is_what_is_answered() -> None:
    """Swift and Kotlin are not compiled here: the names that they use are looked at."""
    shown = json.loads(block("docs/guides/mobile.md#playing-in-an-app/json").text)
    assert set(shown) <= set(PlaybackSerializer().fields)
    kotlin, swift = (blocks()[address].text for address in NOT_COMPILED)
    for code in (kotlin, swift):
        assert set(re.findall(r"`(\w+_\w+)`", code)) <= set(PlaybackSerializer().fields)
    (pattern,) = re.findall(r'Regex\("([^"]+)"\)', kotlin)
    assert re.sub(pattern, "/play/later/", shown["hls_url"]) == shown["hls_url"].replace("TOKEN", "later")
