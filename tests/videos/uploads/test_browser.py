"""A page of another site uploads with tus-js-client in Chromium: what browsers ask beforehand, and what they let it read."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser import quiet_page, running_chromium
from tests.factories import make_account
from tests.services import require_service
from tests.streaming.web_process import web_process
from tests.videos.uploads.foreign_site import foreign_site
from tests.videos.uploads.tus_js import fetch_tus_js
from videos.catalog.models import Video

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZE_BYTES = 3_000_000
UPLOAD = f"""([endpoint, options]) => new Promise((done) => {{
    const bytes = new Uint8Array({SIZE_BYTES}).map((_, at) => at % 251);
    let sent = 0;
    new tus.Upload(new Blob([bytes]), {{
        endpoint, retryDelays: [], storeFingerprintForResuming: false, ...options,
        onProgress: (so_far) => {{ sent = so_far; }},
        onSuccess: () => done(`done ${{sent}}`),
        onError: (error) => done(`refused ${{error.originalResponse?.getStatus() ?? 'unread'}}`),
    }}).start();
}})"""
PUT = """([endpoint]) => fetch(endpoint, {
    method: 'PUT', body: new Blob(['abc']), headers: {'Content-Range': 'bytes 0-2/6'},
}).then((answer) => `${answer.status} ${answer.headers.get('Range')}`).catch(() => 'refused')"""


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another web site, with a page that has tus-js-client."""
    kept = getattr(request.config, "cache", None)
    client = fetch_tus_js(kept.mkdir("gilfoyle-clients") if kept else tmp_path)
    require_service("tus-js-client", present=client is not None)
    assert client is not None
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(client / "node_modules" / "tus-js-client" / "dist" / "tus.min.js", folder)
    (folder / "index.html").write_text(
        '<!doctype html><title>Upload</title><script src="tus.min.js"></script>'
    )
    with foreign_site(folder) as address:
        yield address


def test_pages_of_the_allowed_site_upload_and_others_do_not(
    site: str, tmp_path: Path, media_dir: Path
) -> None:
    account = make_account()
    with web_process(tmp_path) as web, running_chromium() as chromium:

        def grant(**wish: Any) -> dict[str, Any]:
            key = {"Authorization": f"Bearer {account.key_text}"}
            made: dict[str, Any] = httpx.post(f"{web.url}/api/v1/uploads", json=wish, headers=key).json()
            return made

        allowed = [grant(allowed_origins=[site]) for _ in range(2)]
        with quiet_page(chromium) as page:
            page.goto(site)
            for made, options in zip(
                allowed,
                ({"chunkSize": 1_000_000}, {"parallelUploads": 2, "overridePatchMethod": True}),
                strict=True,
            ):
                assert page.evaluate(UPLOAD, [made["tus_url"], options]) == f"done {SIZE_BYTES}"
            pieces = grant(allowed_origins=[site])
            assert page.evaluate(PUT, [pieces["tus_url"]]) == "308 bytes=0-2"
            assert page.evaluate(UPLOAD, [allowed[0]["tus_url"], {}]) == "refused 409"  # it may read why
        page = chromium.new_page()  # its console complains of what the browser keeps from it
        page.goto(site)
        for wish in ({}, {"allowed_origins": ["https://www.example.org"]}):
            other = grant(**wish)
            assert page.evaluate(UPLOAD, [other["tus_url"], {}]) == "refused unread"
            assert page.evaluate(PUT, [other["tus_url"]]) == "refused"
            assert not Video.objects.get(pk=other["video_id"]).uploads.exists()
    sent = bytes(at % 251 for at in range(SIZE_BYTES))
    for made in allowed:
        assert Video.objects.get(pk=made["video_id"]).source_sha256 == hashlib.sha256(sent).hexdigest()
