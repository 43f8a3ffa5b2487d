"""What the player says while it can't play, and how it gets out of it by itself: no reload, one state at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.browser import look, play, wait_until
from tests.house.pages import block
from tests.lengths import mostly_whole
from tests.streaming.clip import store_video
from tests.streaming.conftest import forged
from tests.streaming.player.framing import other_site, page_around
from tests.streaming.player.test_browser import open_embed, require_script, shoot
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def notice(page) -> str:
    shown = page.locator("[data-notice]:visible")
    assert shown.count() <= 1
    return shown.get_attribute("data-notice") if shown.count() else ""


def change(video, **fields) -> None:
    Video.objects.filter(pk=video.pk).update(**fields)


def test_waiting_turns_into_playing_without_a_reload(page, web, mint):
    require_script()
    video = store_video(title="Coming soon")
    token = mint(video)
    change(video, status="processing", playable=False, progress=12)
    opened: list[str] = []
    page.on("framenavigated", lambda frame: opened.append(frame.url))
    open_embed(page, web, video, token)
    assert notice(page) == "processing"
    assert page.locator("#progress").inner_text() == "12 % done"
    assert "Coming soon" not in page.content()
    change(video, progress=57)
    wait_until(page, "document.getElementById('progress').textContent === '57 % done'")
    shoot(page, "state-processing")
    change(video, status="ready", playable=True, progress=100)
    # To look at a page from a test counts as touching it, so the film begins by itself.
    wait_until(page, "video.currentTime > 0.5")
    assert notice(page) == ""
    assert page.title() == "Coming soon"
    assert look(page, "video.poster").endswith("/poster.jpg")
    assert len(opened) == 1


def test_who_touched_the_page_while_waiting_sees_the_film_begin(page, web, mint):
    require_script()
    video = store_video()
    token = mint(video)
    change(video, status="processing", playable=False)
    open_embed(page, web, video, token)
    page.locator(".notice-title:visible").click()
    change(video, status="ready", playable=True)
    wait_until(page, "video.currentTime > 0.5")


@pytest.mark.parametrize(
    "change_to",
    mostly_whole([{"restriction": "restricted"}, {"status": "deleting"}], {"restriction": "restricted"}),
)
def test_an_end_while_it_plays_is_said_at_once_and_shows_nothing_any_more(page, web, mint, change_to):
    require_script()
    video = store_video(title="Taken down")
    open_embed(page, web, video, mint(video))
    look(page, "(video.loop = true)")
    play(page)  # the whole film is in the browser by now: nothing more is fetched of it
    change(video, **change_to)
    wanted = "restricted" if "restriction" in change_to else "missing"
    wait_until(page, f"document.querySelector('[data-notice={wanted}]').checkVisibility()")
    assert notice(page) == wanted
    assert look(page, "[video.paused, video.readyState]") == [True, 0]
    assert page.locator("#bar").is_hidden()
    page.keyboard.press("k")
    assert look(page, "video.paused")


def test_a_lost_connection_is_said_and_can_be_tried_again_where_it_was(page, web, mint):
    require_script()
    video = store_video(title="The harbour at dawn")
    page.route("**/play/**", lambda route: route.abort())
    page.route("**/state.json", lambda route: route.abort())
    open_embed(page, web, video, mint(video))
    page.locator("#start").click()
    page.wait_for_selector("[data-notice=network]:visible")
    shoot(page, "state-network")
    page.unroute("**/play/**")
    page.unroute("**/state.json")
    page.get_by_role("button", name="Try again").click()
    wait_until(page, "video.currentTime > 1")
    assert notice(page) == ""


def test_a_refusal_while_it_loads_is_said_in_its_own_words(page, web, mint):
    require_script()
    video = store_video()
    open_embed(page, web, video, mint(video))
    change(video, restriction="held")
    # What the web process knows of the video is a second old at most.
    wait_until(page, "(window.asked = window.asked || performance.now()) < performance.now() - 1100")
    page.locator("#start").click()
    page.wait_for_selector("[data-notice=restricted]:visible")
    assert "This video is not available" in page.locator("#says").inner_text()


def test_a_browser_that_knows_no_such_film_says_so(page, web, mint):
    video = store_video()
    page.add_init_script(
        "delete window.MediaSource; delete window.ManagedMediaSource; delete window.WebKitMediaSource;"
        "HTMLMediaElement.prototype.canPlayType = () => '';"
    )
    open_embed(page, web, video, mint(video))
    page.locator("#start").click()
    page.wait_for_selector("[data-notice=unsupported]:visible")


def test_an_expired_page_asks_the_page_around_and_plays_by_a_fresh_token(page, web, mint):
    require_script()
    video = store_video(title="Once more")
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    fresh = mint(video)
    address = f"{web.url}/embed/{expired}/{video.project_id}/{video.pk}"
    with other_site(lambda _site: page_around(address)) as site:
        page.goto(site)
        page.wait_for_function("heard.some((one) => one.type === 'gilfoyle:token-expired')")
        frame = page.frames[1]
        assert notice(frame) == "expired"
        page.evaluate(f"say('token', {{ token: '{forged(fresh)}' }})")
        frame.wait_for_selector("[data-notice=invalid]:visible")
        page.evaluate(f"say('token', {{ token: '{fresh}' }})")
        frame.wait_for_selector("#start:visible")
        page.wait_for_function("heard.some((one) => one.type === 'gilfoyle:ready' && one.duration_s > 0)")
        play(frame)
        assert look(frame, "document.title") == "Once more"
        page.wait_for_function("heard.some((one) => one.type === 'gilfoyle:play')")
        # Its length is told from the first message on, before anything of the film is there.
        assert page.evaluate("heard.find((one) => one.type === 'gilfoyle:play').duration_s") > 0


def test_the_page_around_does_as_the_docs_have_it(page, web, mint):
    require_script()
    video = store_video()
    expired, fresh = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60), mint(video)
    address = f"{web.url}/embed/{expired}/{video.project_id}/{video.pk}"
    frame_shown = block("docs/player.md#the-embedded-player/html").text
    assert "https://video.example.org/embed/…" in frame_shown
    framed = frame_shown.replace("https://video.example.org/embed/…", address)
    script = block("docs/player.md#messages/js").text
    html = f'<!doctype html><link rel=icon href="data:,"><button id=intro>From the start</button>{framed}<script>{script}</script>'
    page.route("**/my-backend/playback-token", lambda route: route.fulfill(json={"token": fresh}))
    with other_site(lambda _site: html) as site:
        page.goto(site)
        frame = page.frames[1]
        frame.wait_for_selector("#start:visible")
        play(frame)
        with page.expect_console_message(lambda message: message.text == "seen to the end"):
            look(frame, "(video.currentTime = video.duration - 0.5)")
        page.locator("#intro").click()
        wait_until(frame, "!video.paused && video.currentTime < 4")


def test_a_token_that_ends_while_it_plays_gives_way_to_a_fresh_one(page, web, mint):
    require_script()
    video = store_video()
    token, fresh = mint(video, ttl_s=7), mint(video)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = f"{web.url}/embed/{token}/{video.project_id}/{video.pk}"
    with other_site(lambda _site: page_around(address)) as site:
        page.goto(site)
        frame = page.frames[1]
        frame.wait_for_selector("#start:visible")
        look(frame, "(video.loop = true)")
        play(frame)
        page.wait_for_function("heard.some((one) => one.type === 'gilfoyle:token-expired')")
        assert not look(frame, "video.paused")  # what is loaded goes on meanwhile
        page.evaluate(f"say('token', {{ token: '{fresh}' }})")
        page.wait_for_event("request", lambda request: f"/embed/{fresh}/" in request.url)
        assert notice(frame) == ""
        assert not look(frame, "video.paused")


def test_a_short_token_of_a_session_is_exchanged_by_the_player_itself(page, web, mint):
    require_script()
    video = store_video()
    token = mint(video, ttl_s=5, session_ttl_s=600)
    open_embed(page, web, video, token)
    with page.expect_response(lambda answer: answer.url.endswith("/refresh")) as answered:
        pass
    later = answered.value.json()["token"]
    assert later != token
    with page.expect_request(
        lambda request: f"/play/{later}/" in request.url and request.url.endswith(".m4s")
    ):
        play(page)
