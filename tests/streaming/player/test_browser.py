"""The embed page in a real browser: it plays, has levels to switch between, and says in words what is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page

from gilfoyle.frontend.build import HLS, is_built
from tests.browser import (
    choices,
    choose,
    look,
    offered,
    open_menu,
    play,
    wait_until,
)
from tests.lengths import mostly_whole
from tests.services import require_service
from tests.streaming.clip import LENGTH_S, SEGMENTS, store_rendition, store_video
from tests.streaming.player.framing import other_site
from tests.streaming.web_process import WebProcess

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SHOTS = os.environ.get(
    "GILFOYLE_TEST_SHOTS"
)  # a folder: pictures of the pages are left there for people to look at


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
    play(page)
    assert offered(page)["Quality"].startswith("Auto")
    assert look(page, "video.videoWidth") in {426, 256}
    assert look(page, "video.webkitAudioDecodedByteCount") > 0
    assert abs(look(page, "video.duration") - LENGTH_S) < 0.1
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert page.locator("#growing").is_hidden()
    assert page.locator("[data-notice]:visible").count() == 0
    assert page.locator("#play").get_attribute("aria-label") == "Play again"
    assert page.title() == "The harbour at dawn"


def test_nothing_is_loaded_before_it_is_wanted(page, web, mint):
    video = store_video()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    open_embed(page, web, video, mint(video))
    page.wait_for_load_state("networkidle")
    assert "poster.jpg" in asked
    assert not [name for name in asked if name.endswith((".m4s", ".mp4", ".m3u8", ".vtt"))]
    play(page)
    assert "00000.m4s" in asked


def test_the_quality_menu_works_by_keyboard(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    open_embed(page, web, video, mint(video))
    look(page, "(video.loop = true)")
    play(page)
    page.locator("#settings").focus()
    page.keyboard.press("Enter")
    assert look(page, "document.activeElement.textContent").startswith("Quality")
    page.keyboard.press("Enter")
    assert choices(page) == ["Auto", "240p", "144p"]
    assert look(page, "document.activeElement.textContent") == "Auto"
    page.keyboard.press("End")
    assert look(page, "document.activeElement.textContent") == "144p"
    page.keyboard.press("Enter")
    assert page.locator("#menu").is_hidden()
    assert look(page, "document.activeElement.id") == "settings"
    wait_until(page, "video.videoHeight === 144")
    assert offered(page)["Quality"] == "144p"
    assert page.locator("#menu").is_hidden()
    assert look(page, "document.activeElement.id") == "settings"
    choose(page, "Quality", "240p")
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
    open_menu(page, "Sound")
    assert choices(page) == ["English", "Deutsch"]
    shoot(page, "languages-desktop")
    with page.expect_request(lambda request: "/a1/" in request.url and request.url.endswith(".m4s")):
        page.locator("#menu .player-choice", has_text="Deutsch").click()
    wait_until(page, "true")
    assert offered(page)["Sound"] == "Deutsch"
    assert page.locator("[data-notice]:visible").count() == 0


@pytest.mark.parametrize("has_two", mostly_whole([False, True], True))
def test_sound_alone_plays_to_its_end(page, web, mint, has_two):
    require_script()
    video = store_video(title="A podcast")
    video.renditions.filter(kind="video").delete()
    video.image_sets.all().delete()
    type(video).objects.filter(pk=video.pk).update(width=None, height=None)
    if has_two:
        give_two_languages(video)
    open_embed(page, web, video, mint(video))
    play(page)
    has = offered(page)
    assert "Quality" not in has
    assert ("Sound" in has) is has_two
    shoot(page, f"sound-alone-{has_two}-desktop")
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert page.locator("[data-notice]:visible").count() == 0


def test_without_the_script_the_browser_plays_by_itself(page, web, mint):
    video = store_video(title="By itself")
    page.route("**/hls.min.js", lambda route: route.abort())
    open_embed(page, web, video, mint(video))
    play(page)
    assert "Quality" not in offered(page)
    assert page.locator("[data-notice]:visible").count() == 0


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
