"""Other sites' pages in Chromium: the upload page in their iframe, and Uppy on a page of their own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from gilfoyle.frontend.build import TUS, is_built
from tests.browser import quiet_page, running_chromium
from tests.factories import make_account
from tests.services import require_service
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.uploads.browser_clients import require_browser_clients
from tests.videos.uploads.foreign_site import foreign_site
from videos.catalog.models import Video
from videos.uploads.models import UploadGrant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DATA = bytes(range(256)) * 4000
FRAMING = """<!doctype html><title>Site</title><script>
window.heard = [];
addEventListener("message", (event) => window.heard.push({from: event.origin, ...event.data}));
</script><iframe id="frame" title="Upload" width="600" height="500"></iframe>"""
UPPY = """<!doctype html><title>Site</title><script src="uppy.js"></script>"""
UPLOAD = """([endpoint, size]) => new Promise((done) => {
    const bytes = new Uint8Array(size).map((_, at) => at % 256);
    const uppy = new Uppy({autoProceed: true});
    uppy.use(Tus, {endpoint, retryDelays: [0, 100], chunkSize: 400000});
    uppy.on("complete", ({successful, failed}) => done([
        successful.map((file) => file.progress.bytesUploaded),
        failed.map((file) => file.error),
    ]));
    uppy.addFile({name: "clip.mp4", type: "video/mp4", data: new Blob([bytes])});
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[WebProcess]:
    with web_process(tmp_path_factory.mktemp("web")) as process:
        yield process


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    clients = require_browser_clients(request.config, tmp_path)
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(clients / "uppy.js", folder)
    (folder / "frame.html").write_text(FRAMING)
    (folder / "uppy.html").write_text(UPPY)
    with foreign_site(folder) as address:
        yield address


def grant(web: WebProcess, key_text: str, **wish: Any) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {key_text}"}
    made: dict[str, Any] = httpx.post(f"{web.url}/api/v1/uploads", json=wish, headers=key).json()
    return made


def frame_in(page: Page, site: str, address: str) -> None:
    page.goto(f"{site}/frame.html")
    page.evaluate("(address) => { document.getElementById('frame').src = address; }", address)


def heard(page: Page, event: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "(event) => window.heard.filter((message) => message.event === event)", event
    )
    return found


def test_an_allowed_site_frames_the_page_and_hears_how_it_goes(
    chromium: Browser, web: WebProcess, site: str
) -> None:
    require_service("tus-js-client", present=is_built(TUS))
    made = grant(web, make_account().key_text, allowed_origins=[site, "https://www.example.org"])
    with quiet_page(chromium) as page:
        frame_in(page, site, made["page_url"])
        inside = page.frame_locator("#frame")
        expect(inside.get_by_role("heading", name="Drop a file here")).to_be_visible()
        file: Any = {"name": "a.mp4", "mimeType": "video/mp4", "buffer": DATA}
        inside.locator("#file").set_input_files(file)
        expect(inside.get_by_role("heading", name="The file has arrived")).to_be_visible()
        Video.objects.update(status="ready", progress=100)
        expect(inside.get_by_role("heading", name="Done")).to_be_visible(timeout=60_000)
        told = page.evaluate("() => window.heard")
    facts = {"source": "gilfoyle-upload", "video_id": made["video_id"], "from": web.url}
    assert all(facts.items() <= one.items() for one in told)
    names = [one["event"] for one in told if one["event"] not in {"resized", "progressed"}]
    assert names == ["loaded", "chosen", "started", "uploaded", "ready"]
    assert max(one["height_px"] for one in told if one["event"] == "resized") > 200
    assert not [one for one in told if "a.mp4" in str(one) or "upg_" in str(one)]
    assert Video.objects.get().source_sha256 == hashlib.sha256(DATA).hexdigest()


def test_an_allowed_site_hears_that_an_address_does_not_hold_and_others_do_not(
    chromium: Browser, web: WebProcess, site: str
) -> None:
    for origins, is_told in (([site], True), (["*"], True), (["https://www.example.org"], False)):
        made = grant(web, make_account().key_text, allowed_origins=origins)
        UploadGrant.objects.filter(pk=made["id"]).update(revoked_at=timezone.now())
        with quiet_page(chromium) as page:
            if not is_told:  # even where nothing keeps it out of the frame
                page.route("**/upload/*", _without_policy)
            frame_in(page, site, made["page_url"])
            expect(page.frame_locator("#frame").get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
            if is_told:
                page.wait_for_function("() => window.heard.length >= 2")
            told = page.evaluate("() => window.heard.filter((one) => one.event !== 'resized')")
            expected = {"source": "gilfoyle-upload", "event": "loaded", "status": "refused", "from": web.url}
            assert told == ([expected] if is_told else [])
            assert bool(heard(page, "resized")) == is_told


def test_a_server_that_is_away_refuses_nothing(chromium: Browser, web: WebProcess, site: str) -> None:
    require_service("tus-js-client", present=is_built(TUS))
    made = grant(web, make_account().key_text, allowed_origins=[site])
    with quiet_page(chromium) as page:
        page.route("**/uploads/tus/*", lambda route: route.abort())
        frame_in(page, site, made["page_url"])
        inside = page.frame_locator("#frame")
        expect(inside.get_by_role("heading", name="The server can't be reached.")).to_be_visible()
        page.unroute("**/uploads/tus/*")
        inside.get_by_role("button", name="Try again").click()
        expect(inside.get_by_role("heading", name="Drop a file here")).to_be_visible()
        page.wait_for_function("() => window.heard.filter((one) => one.event === 'loaded').length >= 2")
        assert [one["status"] for one in heard(page, "loaded")] == ["unreachable", "waiting"]


def _without_policy(route: Route) -> None:
    answer = route.fetch()
    kept = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=kept)


def test_another_site_gets_neither_the_page_nor_a_word(chromium: Browser, web: WebProcess, site: str) -> None:
    for origins in ([], ["https://www.example.org"]):
        made = grant(web, make_account().key_text, allowed_origins=origins)
        page = chromium.new_page()
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            frame_in(page, site, made["page_url"])
        assert page.frame_locator("#frame").locator("#upload").count() == 0
        assert heard(page, "loaded") == []
        page.close()


def test_uppy_uploads_from_a_page_of_an_allowed_site(chromium: Browser, web: WebProcess, site: str) -> None:
    key_text = make_account().key_text
    made = grant(web, key_text, allowed_origins=[site])
    small = grant(web, key_text, allowed_origins=[site], max_size_bytes=len(DATA) - 1)
    with quiet_page(chromium) as page:
        page.goto(f"{site}/uppy.html")
        assert page.evaluate(UPLOAD, [made["tus_url"], len(DATA)]) == [[len(DATA)], []]
    page = chromium.new_page()  # Uppy complains on the console of what it was refused
    page.goto(f"{site}/uppy.html")
    sent, errors = page.evaluate(UPLOAD, [small["tus_url"], len(DATA)])
    page.close()
    assert sent == []
    assert "source_too_large" in errors[0]
    video = Video.objects.get(pk=made["video_id"])
    assert (video.status, video.source_sha256) == ("processing", hashlib.sha256(DATA).hexdigest())
    assert Video.objects.get(pk=small["video_id"]).status == "awaiting_upload"
