"""The embed page plays a clip from the moment to the moment that were asked for, as if there were nothing else."""

from __future__ import annotations

import pytest

from streaming.tokens.claims import Clip
from tests.browser import look, play, wait_until
from tests.streaming.clip import store_image, store_video
from tests.streaming.manifests.test_players import BOARD
from tests.streaming.player.test_browser import open_embed, require_script, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_clip_begins_and_ends_where_it_was_cut(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    store_image(video, "storyboard", "storyboard-000.jpg", b"a sheet", storyboard=BOARD.to_json())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    open_embed(page, web, video, mint(video, clip=Clip(3000, 5000)))
    assert page.locator("#start-duration").inner_text() == "0:02"
    play(page)
    wait_until(page, "video.played.length > 0")
    # What there is to play begins at 2 s of the video.
    assert abs(look(page, "video.played.start(0)") - 1) < 0.05
    assert page.locator("#end").text_content() == "0:02"
    wait_until(page, "video.paused")
    assert abs(look(page, "video.currentTime") - 3) < 0.05
    assert page.locator("#now").text_content() in {"0:01", "0:02"}
    assert page.locator("#play").get_attribute("aria-label") == "Play again"
    shoot(page, "clip-ended")
    assert not set(asked) & {"poster.jpg", "storyboard.vtt", "00000.m4s", "00003.m4s"}
    assert {"00001.m4s", "00002.m4s"} <= set(asked)
    page.locator("#play").focus()
    page.keyboard.press("k")
    wait_until(page, "!video.paused && video.currentTime < 2")
    page.keyboard.press("0")
    assert look(page, "video.currentTime") >= 0.95
    page.keyboard.press("End")
    wait_until(page, "video.paused && Math.abs(video.currentTime - 3) < 0.05")
