"""Text tracks in a real browser: off until somebody wants them, at their times, and gone when they are removed."""

from __future__ import annotations

import pytest

from tests.browser import (
    choices,
    choose,
    look,
    offered,
    open_menu,
    play,
    wait_until,
)
from tests.streaming.clip import SEGMENTS, store_rendition, store_track, store_video
from tests.streaming.player.test_browser import open_embed, require_script, shoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SHOWN = "[...video.textTracks].filter((track) => track.mode === 'showing').map((track) => track.label)"
CUES = (
    "[...video.textTracks].filter((track) => track.mode === 'showing')"
    ".flatMap((track) => [...track.cues].map((cue) => [cue.startTime, cue.endTime, cue.text]))"
)


def test_captions_are_off_and_can_be_turned_on(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    store_track(video, (0.5, 3.25, "Good morning"), (3.5, 4.5, "<b>spans</b> a border"), (5, 7.9, "and on"))
    store_track(video, (0.5, 7.9, "Guten Morgen & <script>alert(1)</script>Tag"), language="de")
    store_track(video, (0.5, 7.9, "SIGN"), language="en", label="Signs", is_forced=True)
    open_embed(page, web, video, mint(video))
    look(page, "(video.loop = true)")
    play(page)
    assert page.locator("#captions").get_attribute("aria-pressed") == "false"
    assert look(page, SHOWN) in ([], ["Signs"])  # a browser may show what is forced by itself
    open_menu(page, "Captions")
    assert choices(page) == ["Off", "English", "Deutsch"]
    page.locator("#menu .player-choice", has_text="English").click()
    wait_until(page, f"{SHOWN}.includes('English') && {CUES}.length === 3")
    assert offered(page)["Captions"] == "English"
    assert page.locator("#captions").get_attribute("aria-pressed") == "true"
    assert look(page, CUES) == [
        [0.5, 3.25, "Good morning"],
        [3.5, 4.5, "<b>spans</b> a border"],
        [5, 7.9, "and on"],
    ]
    wait_until(page, "[...video.textTracks].some((track) => track.activeCues && track.activeCues.length)")
    page.mouse.move(600, 300)
    shoot(page, "captions-desktop")
    choose(page, "Captions", "Deutsch")
    wait_until(page, f"{SHOWN}.includes('Deutsch') && {CUES}.length === 1")
    assert look(page, CUES) == [[0.5, 7.9, "Guten Morgen &amp; Tag"]]
    page.locator("#player").press("c")
    wait_until(page, f"!{SHOWN}.includes('Deutsch')")
    assert page.locator("#captions").get_attribute("aria-pressed") == "false"
    page.locator("#captions").click()
    wait_until(page, f"{SHOWN}.includes('Deutsch')")


def test_a_track_that_is_the_default_shows_by_itself(page, web, mint):
    require_script()
    video = store_video()
    store_track(video, (0.5, 7.9, "Hello"))
    store_track(video, (0.5, 7.9, "Hallo"), language="de", is_default=True)
    open_embed(page, web, video, mint(video))
    play(page)
    wait_until(page, f"{SHOWN}.includes('Deutsch') && {CUES}.length === 1")
    assert offered(page)["Captions"] == "Deutsch"


def test_captions_go_on_while_the_video_grows(page, web, mint):
    require_script()
    video = store_video(segments=2, is_complete=False)
    store_track(video, (0.5, 1.5, "early"), (6.5, 7.5, "late"), is_default=True)
    open_embed(page, web, video, mint(video))
    play(page)
    wait_until(page, f"{CUES}.length === 1")
    video.renditions.all().delete()
    for name in ("v240", "v144", "a0"):
        store_rendition(video, name, segments=SEGMENTS, is_complete=True)
    video.status = "ready"
    video.save()
    wait_until(page, f"{CUES}.length === 2")
    assert look(page, CUES)[1] == [6.5, 7.5, "late"]
    wait_until(page, "video.ended")


def test_without_text_there_is_nothing_to_choose(page, web, mint):
    require_script()
    video = store_video()
    open_embed(page, web, video, mint(video))
    play(page)
    assert page.locator("#captions").is_hidden()
    assert "Captions" not in offered(page)
    page.locator("#player").press("c")
    assert look(page, SHOWN) == []
