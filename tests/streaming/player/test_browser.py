"""The embed page in a real browser: it plays, has levels to switch between, and says in words what is wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page

from gilfoyle.frontend.build import HLS, is_built
from tests.browser import DESKTOP, look, play, quiet_page, running_chromium, wait_until
from tests.embedded import free_port
from tests.services import require_service
from tests.streaming.clip import SEGMENT_S, SEGMENTS, store_rendition, store_video
from tests.streaming.conftest import forged
from tests.streaming.web_process import WebProcess, web_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

LENGTH_S = SEGMENT_S * SEGMENTS
SHOTS = os.environ.get(
    "GILFOYLE_TEST_SHOTS"
)  # a folder: pictures of the pages are left there for people to look at
SIZES = {"desktop": DESKTOP, "phone": (390, 844), "small": (320, 180)}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with quiet_page(browser) as one:
        yield one


def open_embed(page: Page, web: WebProcess, video: Any, token: str) -> None:
    page.goto(f"{web.url}/embed/{token}/{video.project_id}/{video.pk}")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def require_script() -> None:
    require_service("hls.js", present=is_built(HLS))


def test_it_plays_to_its_end_and_can_switch(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    open_embed(page, web, video, mint(video))
    wait_until(page, "document.querySelectorAll('.player-choice').length > 0")
    assert page.locator("#quality-button").is_visible()
    play(page)
    assert look(page, "video.videoWidth") in {426, 256}
    assert look(page, "video.webkitAudioDecodedByteCount") > 0
    assert abs(look(page, "video.duration") - LENGTH_S) < 0.1
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert page.locator("#growing").is_hidden()
    assert page.locator("#notice").is_hidden()
    assert page.title() == "The harbour at dawn"


def test_nothing_is_loaded_before_it_is_wanted(page, web, mint):
    video = store_video()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    open_embed(page, web, video, mint(video))
    page.wait_for_load_state("networkidle")
    assert "poster.jpg" in asked
    assert not [name for name in asked if name.endswith((".m4s", ".mp4"))]
    play(page)
    assert "00000.m4s" in asked


def test_the_quality_menu_works_by_keyboard(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    open_embed(page, web, video, mint(video))
    page.locator("#quality-button").focus()
    page.keyboard.press("Enter")
    labels = page.locator(".player-choice").all_inner_texts()
    assert labels == ["Auto", "240p", "144p"]
    assert look(page, "document.activeElement.textContent") == "Auto"
    page.keyboard.press("End")
    assert look(page, "document.activeElement.textContent") == "144p"
    page.keyboard.press("Enter")
    assert page.locator("#quality-menu").is_hidden()
    assert look(page, "document.activeElement.id") == "quality-button"
    look(page, "(video.loop = true)")
    play(page)
    wait_until(page, "video.videoHeight === 144")
    assert page.locator("#quality-now").inner_text() == "144p"
    page.locator("#quality-button").click()
    page.keyboard.press("Escape")
    assert page.locator("#quality-menu").is_hidden()
    assert look(page, "document.activeElement.id") == "quality-button"
    page.locator("#quality-button").click()
    page.locator(".player-choice", has_text="240p").click()
    wait_until(page, "video.videoHeight === 240")


def test_keys_do_what_viewers_expect(page, web, mint):
    video = store_video()
    open_embed(page, web, video, mint(video))
    page.locator("body").press("k")
    wait_until(page, "!video.paused && video.readyState >= 2")
    page.locator("body").press("m")
    assert look(page, "video.muted") is True
    page.locator("body").press("k")
    wait_until(page, "video.paused")
    before = look(page, "video.currentTime")
    page.locator("body").press("ArrowRight")
    wait_until(page, f"video.currentTime > {before} + 3")


def test_a_growing_video_plays_from_its_start_and_goes_on(page, web, mint):
    require_script()
    video = store_video(title="Still coming in", segments=2, is_complete=False)
    open_embed(page, web, video, mint(video))
    play(page)
    assert look(page, "video.currentTime") < 4
    assert page.locator("#growing").is_visible()
    shoot(page, "growing-desktop")
    with transaction.atomic():  # the page asks again and again, and must never find nothing
        video.renditions.all().delete()
        for name in ("v240", "v144", "a0"):
            store_rendition(video, name, segments=SEGMENTS, is_complete=True)
        video.status = "ready"
        video.save()
    wait_until(page, "video.ended")
    assert abs(look(page, "video.currentTime") - LENGTH_S) < 0.2
    assert page.locator("#growing").is_hidden()


def give_two_languages(video: Any) -> None:
    store_rendition(video, "a1", segments=SEGMENTS, is_complete=True)
    video.renditions.filter(name="a0").update(language="en")
    video.renditions.filter(name="a1").update(language="de", audio_track=1)


def test_another_language_can_be_chosen(page, web, mint):
    require_script()
    video = store_video(title="Two languages")
    give_two_languages(video)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_embed(page, web, video, mint(video))
    look(page, "(video.loop = true)")
    play(page)
    page.locator("#sound-button").click()
    assert page.locator("#sound-menu .player-choice").all_inner_texts() == ["English", "Deutsch"]
    shoot(page, "languages-desktop")
    with page.expect_request(lambda request: "/a1/" in request.url and request.url.endswith(".m4s")):
        page.locator("#sound-menu .player-choice", has_text="Deutsch").click()
    assert page.locator("#sound-now").inner_text() == "Deutsch"
    assert page.locator("#notice").is_hidden()


@pytest.mark.parametrize("has_two", [False, True])
def test_sound_alone_plays_to_its_end(page, web, mint, has_two):
    require_script()
    video = store_video(title="A podcast")
    video.renditions.filter(kind="video").delete()
    video.image_sets.all().delete()
    if has_two:
        give_two_languages(video)
    open_embed(page, web, video, mint(video))
    play(page)
    assert page.locator("#quality").is_hidden()
    assert page.locator("#sound").is_visible() is has_two
    shoot(page, f"sound-alone-{has_two}-desktop")
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert page.locator("#notice").is_hidden()


def test_without_the_script_the_browser_plays_by_itself(page, web, mint):
    video = store_video(title="By itself")
    page.route("**/hls.min.js", lambda route: route.abort())
    open_embed(page, web, video, mint(video))
    play(page)
    assert page.locator("#quality").is_hidden()
    assert page.locator("#notice").is_hidden()


@contextmanager
def other_site(make: Callable[[str], str]) -> Iterator[str]:
    """Serve one page from another origin, made by a function of that origin, which is given."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(make(f"http://127.0.0.1:{server.server_port}").encode())

        def log_message(self, *_arguments: object) -> None:
            """Keep the tests' output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Host) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_plays_in_a_frame_of_another_site(page, web, mint):
    video = store_video(title="Framed")
    address = f"{web.url}/embed/{mint(video)}/{video.project_id}/{video.pk}"
    html = f'<link rel=icon href="data:,"><iframe src="{address}" width=640 height=360>'
    with other_site(lambda _site: html) as site:
        page.goto(site)
        frame = page.frames[1]
        wait_until(frame, "video")
        play(frame)
        shoot(page, "framed")


@pytest.mark.parametrize("is_named", [True, False])
def test_a_frame_is_refused_where_the_token_names_another_site(browser, web, mint, is_named):
    video = store_video(title="Framed")

    def host(site: str) -> str:
        named = site if is_named else "https://elsewhere.example"
        token = mint(video, origins=(named,))
        return f'<iframe src="{web.url}/embed/{token}/{video.project_id}/{video.pk}?origin={named}">'

    with other_site(host) as site:
        page = browser.new_page()
        page.goto(site)
        page.wait_for_load_state("networkidle")
        assert page.frames[1].locator("#video").count() == (1 if is_named else 0)
        if is_named:
            play(page.frames[1])
        page.close()


def test_a_refusal_is_said_in_words(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    page.route("**/*.m3u8", lambda route: route.fulfill(status=403, body="{}"))
    open_embed(page, web, video, mint(video))
    page.wait_for_selector("#notice:visible")
    assert page.locator("#notice-title").inner_text() == "This video is not available"
    assert page.locator("#notice-again").is_hidden()
    shoot(page, "notice-desktop")


def test_a_lost_connection_can_be_tried_again(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    page.route("**/*.m3u8", lambda route: route.abort())
    open_embed(page, web, video, mint(video))
    page.wait_for_selector("#notice-again:visible")
    page.unroute("**/*.m3u8")
    page.locator("#notice-again").click()
    wait_until(page, "video.currentTime > 1")
    assert page.locator("#notice").is_hidden()


def test_refused_pages_are_in_words(page, web, mint):
    video = store_video()
    open_embed(page, web, video, forged(mint(video)))
    assert page.locator("h1").inner_text() == "This link does not work"
    shoot(page, "refused-desktop")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(browser, web, mint, size, scheme):
    video = store_video(title="A rather long title of a film that was shot at the harbour at dawn")
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(90_000)
    open_embed(page, web, video, mint(video))
    page.wait_for_load_state("networkidle")
    shoot(page, f"start-{size}-{scheme}")
    play(page)
    page.mouse.move(width / 2, height / 2)
    shoot(page, f"playing-{size}-{scheme}")
    if page.locator("#quality-button").is_visible():
        page.locator("#quality-button").click()
        menu = page.locator("#quality-menu").bounding_box()
        assert menu is not None
        assert menu["x"] >= 0
        assert menu["x"] + menu["width"] <= width
        assert menu["y"] + menu["height"] <= height
        shoot(page, f"menu-{size}-{scheme}")
    assert look(
        page,
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight",
    )
    context.close()
