"""Each state at the sizes that players stand at, light and dark: nothing is cut off, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from tests.browser import look, play, wait_until
from tests.streaming.clip import store_track, store_video
from tests.streaming.conftest import forged
from tests.streaming.player.framing import give_storyboard
from tests.streaming.player.test_browser import open_embed, require_script, shoot
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.uploads.browser_clients import require_browser_clients
from videos.catalog.models import Video
from videos.moderation.models import Report

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

SIZES = {"page": (1280, 720), "phone": (390, 844), "frame": (640, 360), "narrow": (300, 169)}
FITS = "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
# What a viewer can press or read that reaches beyond the page, or that is too small for a finger.
CUT_OFF = """() => [...document.querySelectorAll('main :is(button, h2, p, input)')]
  .filter((one) => one.checkVisibility() && !one.closest('.player-hidden, .player-help, .player-menu, .notice'))
  .map((one) => [one.id || one.className, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.left < -8 || box.right > innerWidth + 8 || box.top < -8 || box.bottom > innerHeight + 8))
  .map(([name]) => name)"""
SMALL = """() => [...document.querySelectorAll('main button')]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.id || one.className, one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 40)
  .map(([name]) => name)"""


class Looker:
    """Looks at a page in each size and in light and dark."""

    def __init__(self, page: Page, axe: str) -> None:
        self.page, self.axe = page, axe

    def look(self, name: str) -> None:
        for size, (width, height) in SIZES.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.evaluate(
                    "() => document.getAnimations().forEach((one) => one.finish && one.playState === 'running' && one.effect.getComputedTiming().iterations !== Infinity && one.finish())"
                )
                shoot(self.page, f"{name}-{size}-{scheme}")
                assert look(self.page, FITS), (name, size)
                assert self.page.evaluate(CUT_OFF) == [], (name, size)
                assert self.page.evaluate(SMALL) == [], (name, size)
        self.check(name)

    def check(self, name: str) -> None:
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            if not self.page.evaluate("() => 'axe' in window"):
                self.page.evaluate(self.axe)
            found = self.page.evaluate(
                "() => axe.run().then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`))"
            )
            assert found == [], (name, scheme)


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebProcess]:
    """A web process whose viewers may report what they see."""
    file = tmp_path / "settings.yaml"
    file.write_text("safety: {public_reports: {enabled: true}}", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(file))
    with web_process(tmp_path) as running:
        yield running


@pytest.fixture
def looker(page: Page, request: pytest.FixtureRequest, tmp_path: Path) -> Looker:
    clients = require_browser_clients(request.config, tmp_path)
    return Looker(page, (clients / "axe.min.js").read_text(encoding="utf-8"))


def give_all(video: Any) -> None:
    store_track(video, (0.1, 7.9, "The harbour wakes slowly,\nand the boats go out"), is_default=True)
    give_storyboard(video)


def test_the_film_and_its_controls(looker, web, mint):
    require_script()
    video = store_video(title="A rather long title of a film that was shot at the harbour at dawn")
    give_all(video)
    page = looker.page
    open_embed(page, web, video, mint(video))
    looker.look("start")
    play(page)
    page.keyboard.press("k")
    wait_until(page, "video.paused")
    looker.look("paused")
    page.locator("#seek").hover(position={"x": 120, "y": 20})
    page.wait_for_selector("#tile:visible")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.move(1, 1)
        page.locator("#seek").hover(position={"x": 120, "y": 20})
        shoot(page, f"scrub-{size}")
    page.mouse.move(1, 1)
    page.locator("#settings").click()
    looker.look("menu")
    page.locator("#menu .player-choice", has_text="Speed").click()
    looker.look("speeds")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    looker.look("help")
    page.keyboard.press("Escape")
    page.locator("#settings").click()
    with page.expect_popup() as opened:
        page.locator("#menu .player-choice", has_text="Report").click()
    report_by_keys(Looker(opened.value, looker.axe))


def type_by_keys(form: Page, *words: str) -> None:
    """Go through all that the form asks for, and send it; "" leaves what stands there."""
    for one in words:
        form.keyboard.press("Tab")
        if one:
            form.keyboard.type(one)
    form.keyboard.press("Tab")
    form.keyboard.press("Enter")


def report_by_keys(looker: Looker) -> None:
    form = looker.page
    form.wait_for_selector("h1")
    for size in ("page", "phone"):
        width, height = SIZES[size]
        form.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            form.emulate_media(color_scheme=scheme)
            shoot(form, f"report-{size}-{scheme}")
            assert form.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    looker.check("report")
    assert form.locator("#report-at").input_value().startswith("0:")
    type_by_keys(form, "Hate", "9:99", "From the second minute on")
    form.wait_for_selector("[role=alert]")
    looker.check("report-refused")
    shoot(form, "report-refused")
    type_by_keys(form, "", "0:01", "")
    form.get_by_role("heading", name="Thank you").wait_for()
    looker.check("report-thanks")
    report = Report.objects.get()
    assert (report.reason, report.channel, report.at_s) == ("hate", "public_form", 1.0)


@pytest.mark.whole
def test_sound_alone(looker, web, mint):
    require_script()
    video = store_video(title="A podcast")
    video.renditions.filter(kind="video").delete()
    video.image_sets.all().delete()
    Video.objects.filter(pk=video.pk).update(width=None, height=None)
    open_embed(looker.page, web, video, mint(video))
    looker.look("sound-start")
    play(looker.page)
    looker.look("sound")


def test_every_state_in_words(looker, web, mint):
    video = store_video(title="The harbour at dawn")
    token = mint(video)
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    page = looker.page
    for name, used, fields in (
        ("expired", expired, {}),
        ("invalid", forged(token), {}),
        ("early", mint(video, not_before_s=int(timezone.now().timestamp()) + 3600), {}),
        ("restricted", token, {"restriction": "restricted"}),
        ("missing", token, {"restriction": "none", "status": "deleting"}),
        ("failed", token, {"status": "failed", "playable": False}),
        ("processing", token, {"status": "processing", "playable": False, "progress": 42}),
    ):
        Video.objects.filter(pk=video.pk).update(**fields)
        wait_until(page, "(window.asked = window.asked || performance.now()) < performance.now() - 1100")
        open_embed(page, web, video, used)
        page.wait_for_selector(f"[data-notice={name}]:visible")
        looker.look(f"state-{name}")
    for name in ("network", "unavailable", "undecodable", "unsupported"):
        page.evaluate(
            """(name) => { for (const one of document.querySelectorAll('[data-notice]')) one.hidden = one.dataset.notice !== name }""",
            name,
        )
        looker.look(f"state-{name}")
