"""The review screen in Chromium: from report to decision by keys alone, and through a full queue."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests.admin_pages import client_of
from tests.browser import quiet_page, running_chromium
from tests.lengths import length
from tests.streaming.player.framing import give_storyboard
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.moderation.making import make_case, make_playing
from tests.videos.uploads.browser_clients import require_browser_clients
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import states
from videos.moderation.models import Case, Decision

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.long]
CASES = length(10, 100)  # a minute for a hundred, which the figure in docs/moderation.md is of
SHOTS = os.environ.get("GILFOYLE_TEST_SHOTS", "")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebProcess]:
    # One for each test: the tables are emptied between them, and a process keeps the ids of Django's content types.
    with web_process(tmp_path) as process:
        yield process


@pytest.fixture
def review(chromium: Browser, web: WebProcess) -> Iterator[Page]:
    root = User.objects.create_superuser("root")
    session = client_of(root).cookies["sessionid"].value
    with quiet_page(chromium) as page:
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
        yield page


def find_nothing(page: Page, axe: str) -> None:
    """Let axe look at what is ours of a page, light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(axe)
        found = page.evaluate(
            "() => axe.run(document.querySelector('#review, #changelist, #content'))"
            ".then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`))"
        )
        assert found == [], scheme


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_from_report_to_decision_in_two_keys_and_two_page_loads(
    review: Page, web: WebProcess, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    clients = require_browser_clients(request.config, tmp_path)
    axe = (clients / "axe.min.js").read_text(encoding="utf-8")
    video = make_playing(title="Harbour")
    give_storyboard(video)
    case = make_case(video, at_s=7.0)
    loads: list[Any] = []
    review.on(
        "request",
        lambda one: (
            loads.append(one.url) if one.resource_type == "document" and one.method == "GET" else None
        ),
    )
    review.goto(f"{web.url}/admin/videos/case/")
    expect(review.get_by_role("link", name="Harbour")).to_be_focused()
    find_nothing(review, axe)
    shoot(review, "queue")
    review.get_by_role("link", name="Harbour").focus()
    review.keyboard.press("Enter")
    expect(review.get_by_role("heading", name="Harbour", level=2)).to_be_visible()
    assert len(loads) == 2
    assert not any("/sheet/" in one for one in loads)
    find_nothing(review, axe)
    # On a phone the way to the decision is in sight from the first moment on.
    review.set_viewport_size({"width": 390, "height": 844})
    decide = review.get_by_role("link", name="Decide", exact=True)
    expect(decide).to_be_in_viewport(ratio=1)
    find_nothing(review, axe)
    shoot(review, "case-phone")
    decide.click()
    expect(review.locator(".rv-offers button").first).to_be_in_viewport(ratio=1)
    shoot(review, "case-phone-decide")
    review.set_viewport_size({"width": 1280, "height": 720})
    expect(decide).to_be_hidden()
    asked: list[str] = []
    review.on("request", lambda one: asked.append(one.method) if one.url.endswith("/play/") else None)
    review.route("**/play/", lambda route: route.abort())
    for _ in range(2):  # where the network fails, it is told, and the player can be asked for again
        review.locator("#play").click()
        expect(review.get_by_text("Try it again.")).to_be_visible()
        review.evaluate("document.getElementById('player-words').textContent = ''")
    assert asked == ["POST", "POST"]
    review.keyboard.press("4")
    expect(review.get_by_text("Nothing else waits for you.")).to_be_visible()
    assert Video.objects.get(pk=video.pk).restriction == "blocked"
    assert Case.objects.get(pk=case.pk).state == states.CLOSED


def test_a_full_queue_is_decided_by_keys(review: Page, web: WebProcess) -> None:
    for number in range(CASES):
        make_case(make_playing(title=f"Video {number}"), reason="spam")
    review.goto(f"{web.url}/admin/videos/case/")
    review.get_by_role("button", name="Begin with the most urgent").click()
    began = time.monotonic()
    for number in range(CASES):
        expect(review.locator("#decide-form")).to_be_visible()
        with review.expect_navigation(wait_until="domcontentloaded"):
            review.keyboard.press("n1234"[number % 5])
    took_s = time.monotonic() - began
    print(f"{CASES} cases in {took_s:.1f} s: {CASES / took_s:.2f} a second")  # noqa: T201 - the figure is what it is for
    assert Case.objects.filter(state=states.CLOSED).count() == Decision.objects.count() == CASES
    assert AuditEntry.objects.filter(verb="case.decided", actor_kind="staff").count() == CASES
