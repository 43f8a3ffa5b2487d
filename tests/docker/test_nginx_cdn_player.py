"""The player's page in a real browser, with its segments from a CDN on another site: docker/nginx-cdn.conf."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings

from gilfoyle.frontend.build import HLS, is_built
from tests.browser import look, play, quiet_page, running_chromium, wait_until
from tests.docker.nginx_process import nginx
from tests.embedded import free_port
from tests.services import require_service
from tests.streaming.clip import SEGMENTS, store_video
from tests.streaming.conftest import mint as mint  # noqa: PLC0414 - a fixture
from tests.streaming.web_process import web_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SECRET = "x9" * 20


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def origin(folder: Path) -> Iterator[int]:
    """Serve the media folder, as what is behind a CDN."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("delivery", ["redirect", "presigned"])
def test_it_plays_to_its_end(tmp_path, monkeypatch, mint, delivery):
    require_service("hls.js", present=is_built(HLS))
    port, video = free_port(), store_video()
    (tmp_path / "settings.yaml").write_text(
        f"playback: {{delivery: {delivery}, cdn_url: 'http://127.0.0.1:{port}', cdn_secret: {SECRET}}}\n"
    )
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(tmp_path / "settings.yaml"))
    with (
        origin(settings.GILFOYLE.media_path) as behind,
        nginx(
            tmp_path / "cdn",
            "nginx-cdn.conf",
            port=port,
            places={
                " GILFOYLE_CDN_SECRET": f" {SECRET}",
                "server ORIGIN": f"server 127.0.0.1:{behind}",
            },
        ),
        web_process(tmp_path) as web,
        running_chromium() as browser,
        quiet_page(browser) as page,
    ):
        asked_here: set[str] = set()
        asked_there: set[str] = set()
        page.on(
            "request",
            lambda request: (asked_here if request.url.startswith(web.url) else asked_there).add(
                "/".join(request.url.rsplit("/", 2)[1:])
            ),
        )
        token = mint(video)
        page.goto(f"{web.url}/embed/{token}/{video.project_id}/{video.pk}")
        play(page)
        look(page, "(video.currentTime = 6.5)")
        wait_until(page, "video.ended")
    last = f"a0/{SEGMENTS - 1:05d}.m4s"
    assert last in asked_there
    assert (last in asked_here) == (delivery == "redirect")
    log = (tmp_path / "cdn" / "access.log").read_text()
    assert f'{last}","status":200' in log
    assert token.split(".")[1] not in log
