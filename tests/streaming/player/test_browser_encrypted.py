"""Encrypted segments in a real browser: hls.js plays them to the end, also while they come, and nothing without a key."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Page

from gilfoyle.frontend.build import HLS, is_built
from streaming.tokens.claims import VIEWER_SCOPES, Scope
from tests.browser import look, play, quiet_page, wait_until
from tests.corpus.shaka import fetch_shaka
from tests.lengths import mostly_whole
from tests.services import require_service
from tests.streaming.clip import SEGMENT_S, SEGMENTS, cipher_of, store_rendition, store_video
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import WebProcess, web_process
from videos.catalog.services import delete_video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

LENGTH_S = SEGMENT_S * SEGMENTS
START = """(url) => {
    document.body.innerHTML = '<video id="video" muted></video>';
    window.failed = [];
    window.hls = new Hls({maxBufferLength: 1, fragLoadPolicy: {default: {
        maxTimeToFirstByteMs: 10000, maxLoadTimeMs: 20000, timeoutRetry: null, errorRetry: null}}});
    hls.on(Hls.Events.ERROR, (_, data) => failed.push(data.details));
    hls.loadSource(url);
    hls.attachMedia(document.getElementById('video'));
    hls.on(Hls.Events.MANIFEST_PARSED, () => document.getElementById('video').play().catch(() => {}));
}"""

SHAKA = """async (url) => {
    document.body.innerHTML = '<video id="video" muted></video>';
    window.failed = [];
    const video = document.getElementById('video');
    const player = new shaka.Player();
    player.addEventListener('error', (event) => failed.push(event.detail.code));
    player.configure({abr: {enabled: false}, streaming: {bufferingGoal: 1, rebufferingGoal: 0.2}});
    window.choose = (height) => player.selectVariantTrack(
        player.getVariantTracks().find((track) => track.height === height), true);
    await player.attach(video);
    await player.load(url);
    video.play().catch(() => {});
}"""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser, web: WebProcess) -> Iterator[Page]:
    require_service("hls.js", present=is_built(HLS))
    with quiet_page(browser) as one:
        one.goto(f"{web.url}/healthz/live")
        one.add_script_tag(path=HLS.target / "hls.min.js")
        yield one


def start(page: Page, web: WebProcess, video: Any, token: str) -> Counter[str]:
    """Play a video by hls.js alone; returns how often each file is asked for, as it goes on."""
    asked: Counter[str] = Counter()
    page.on("request", lambda request: asked.update(["/".join(request.url.rsplit("/", 2)[1:])]))
    page.evaluate(START, f"{web.url}{folder_of(video, token)}master.m3u8")
    return asked


def test_it_plays_to_its_end_with_quality_switches_by_one_key_a_rendition(page, web, mint):
    video = store_video(is_encrypted=True)
    asked = start(page, web, video, mint(video))
    wait_until(page, "video.currentTime > 0.3")
    look(page, "(video.loop = true)")
    for height in (144, 240, 144, 240):
        look(page, f"(hls.nextLevel = hls.levels.findIndex((level) => level.height === {height}))")
        wait_until(page, f"video.videoHeight === {height}")
    assert look(page, "video.webkitAudioDecodedByteCount") > 0
    look(page, "(video.loop = false, video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert abs(look(page, "video.currentTime") - LENGTH_S) < 0.1
    assert look(page, "video.getVideoPlaybackQuality().corruptedVideoFrames") == 0
    assert {asked[f"{name}/key"] for name in ("v240", "v144", "a0")} == {1}


def test_it_goes_on_while_it_grows(page, web, mint):
    video = store_video(segments=2, is_complete=False, is_encrypted=True)
    start(page, web, video, mint(video))
    wait_until(page, "video.currentTime > 1")
    assert look(page, "video.currentTime") < SEGMENT_S * 2
    with transaction.atomic():  # the player asks again and again, and must never find nothing
        video.renditions.all().delete()
        for name in ("v240", "v144", "a0"):
            store_rendition(video, name, segments=SEGMENTS, is_complete=True)
        video.status = "ready"
        video.save()
    wait_until(page, "video.ended")
    assert abs(look(page, "video.currentTime") - LENGTH_S) < 0.1


def test_shaka_player_plays_it_too(page, web, mint, request, tmp_path):
    kept = getattr(request.config, "cache", None)
    script = fetch_shaka(kept.mkdir("gilfoyle-players") if kept else tmp_path)
    require_service("Shaka Player", present=script is not None)
    page.add_script_tag(path=script)
    video = store_video(is_encrypted=True)
    page.evaluate(SHAKA, f"{web.url}{folder_of(video, mint(video))}master.m3u8")
    wait_until(page, "video.currentTime > 0.3")
    look(page, "(video.loop = true)")
    for height in (144, 240, 144):
        page.evaluate("(height) => choose(height)", height)
        wait_until(page, f"video.videoHeight === {height}")
    look(page, "(video.loop = false, video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert abs(look(page, "video.currentTime") - LENGTH_S) < 0.1
    assert look(page, "video.webkitAudioDecodedByteCount") > 0
    assert look(page, "failed") == []


def test_the_embed_page_plays_it_with_its_poster(page, web, mint):
    video = store_video(is_encrypted=True)
    answers: dict[str, int] = {}
    page.on("response", lambda answer: answers.update({answer.url.rsplit("/", 1)[1]: answer.status}))
    page.goto(f"{web.url}/embed/{mint(video)}/{video.project_id}/{video.pk}")
    play(page)
    look(page, "(video.currentTime = 6.5)")
    wait_until(page, "video.ended")
    assert (answers["poster.jpg"], answers["key"]) == (200, 200)


@pytest.mark.parametrize(
    "lacks", mostly_whole(["nothing", "scope", "right key", "deleted"], "nothing", "right key")
)
def test_without_its_key_it_shows_no_picture(lacks, page, web, mint):
    video = store_video(is_encrypted=True)
    cipher = cipher_of(video)
    assert cipher is not None
    scope = VIEWER_SCOPES & ~Scope.KEY if lacks == "scope" else VIEWER_SCOPES
    if lacks == "right key":
        wrong = secrets.token_bytes(16)
        page.route("**/key", lambda route: route.fulfill(body=wrong, content_type="application/octet-stream"))
    if lacks == "nothing":  # the same way, with the right ones: what is tried here is the key
        page.route(
            "**/key", lambda route: route.fulfill(body=cipher.key_of(route.request.url.split("/")[-2]))
        )
    if lacks == "deleted":

        def delete_then_ask(route: Any) -> None:
            delete_video(video=video)
            route.continue_()

        page.route("**/key", delete_then_ask)
    start(page, web, video, mint(video, scope=scope))
    wait_until(page, "failed.length > 0 || video.currentTime > 0.3")
    has_played = look(page, "video.currentTime > 0 || video.videoWidth > 0 && video.readyState >= 2")
    assert has_played is (lacks == "nothing")
    assert bool(look(page, "failed.length")) is (lacks != "nothing"), look(page, "failed")
