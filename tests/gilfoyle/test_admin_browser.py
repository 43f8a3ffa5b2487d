"""Every page of the admin in Chromium, wide and light, narrow and dark: axe finds nothing grave, and nothing runs out of the page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from gilfoyle.admin import player_address
from tests.admin_pages import client_of, list_of, make_failed_video
from tests.browser import quiet_page, running_chromium
from tests.factories import make_api_key, make_job, make_project, make_video
from tests.gilfoyle.staff.test_role_pages import PAGES, address_of, rows
from tests.lengths import length
from tests.streaming.clip import store_track, store_video
from tests.streaming.player.framing import give_storyboard
from tests.streaming.web_process import web_process
from tests.videos.moderation.making import make_report
from tests.videos.uploads.browser_clients import require_browser_clients
from tests.videos.usage.making import put
from videos.catalog import states
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.uploads.models import Upload

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.timeout(900),
]
SHOTS = os.environ.get("GILFOYLE_TEST_SHOTS", "")
LOOKS: dict[str, tuple[int, int, Literal["light", "dark"]]] = {
    "wide": (1280, 800, "light"),
    "phone": (390, 844, "dark"),
}
# What is no page by itself: a script, answers to scripts, a picture, and forms that lead back.
PARTS = {"jsi18n", "search", "work", "videos_case_counts", "videos_video_poster", "videos_video_work"}
SHORT = ("index", "videos_video_changelist", "videos_video_change")
GRAVE = """() => axe.run({resultTypes: ['violations']}).then(({violations}) => violations
  .filter(({impact}) => ['serious', 'critical'].includes(impact))
  .map(({id, nodes}) => `${id} (${nodes.length}): ${nodes[0].html} ${nodes[0].failureSummary}`))"""
# The page, or a part that cuts off what it does not scroll.
RUNS_OUT = """() => [document.documentElement, ...document.querySelectorAll('.gf-card, .gf-body')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.checkVisibility() && !['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
  .map((one) => `${one.tagName} ${one.id} ${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""


def furnish() -> dict[str, str]:
    """Make what a house has that is in use; return a row of each kind that has pages."""
    made = rows()
    project = make_project("Harbour television, archive of moving pictures")
    key, _ = make_api_key(project, label="Newsroom, nightly import")
    video = store_video(
        title="The harbour wakes slowly, and the boats go out: a film of the morning of the first of May"
    )
    store_track(video, (0.1, 7.9, "The harbour wakes slowly"), is_default=True)
    give_storyboard(video)
    now = timezone.now()
    for status in (states.AWAITING_UPLOAD, states.PROCESSING, states.READY, states.FAILED):
        video_of_project = make_video(
            project, title=f"Evening news {status}", status=status, external_id=f"news-{status}"
        )
        Upload.objects.create(
            video=video_of_project, length_bytes=10**9, offset_bytes=4 * 10**8, lease_expires_at=now
        )
        Import.objects.create(
            video=video_of_project, source_url=f"https://files.example/a/rather/long/way/to/{status}.mp4"
        )
    for _ in range(3):
        make_failed_video(title="Late film", project=project)
    make_job(video)
    for reason in ("hate", "spam", "self_harm"):
        make_report(video, reason, reporter=f"viewer-{reason}", at_s=3.0)
    today = now.date()
    for measure, amounts in {"uploads": (*[3] * 28, 400), "reports": (*[1] * 28, 2)}.items():
        put(project, measure, *amounts, today=today)
        put(project, measure, *amounts, of=("api_key", key.pk), today=today)
    return {**made, "videos_video": video.pk}


def list_addresses(made: dict[str, str]) -> list[tuple[str, str]]:
    pages = [(name, address_of(name, made)) for name, seen in PAGES.items() if seen and name not in PARTS]
    further = [
        ("find_something", f"{reverse('admin:find')}?q=news"),
        ("nothing_found", f"{list_of('videos_video')}?q=nothing"),
        ("no_such_page", f"{reverse('admin:index')}no/such/page/"),
        ("player", player_address(Video.objects.get(pk=made["videos_video"]))),
    ]
    return length([one for one in pages if one[0] in SHORT], pages + further)


class Looker:
    """Looks at pages as people do, at a desk and on a phone, and keeps what is wrong."""

    def __init__(self, page: Page, url: str, axe: str) -> None:
        self.page, self.url, self.axe = page, url, axe
        self.wrong: list[str] = []

    def look(self, name: str, address: str) -> None:
        for look, (width, height, scheme) in LOOKS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self.page.goto(f"{self.url}{address}")  # anew: the theme asks for light or dark as it loads
            self.page.evaluate(self.axe)
            self.wrong += [
                f"{name}, {look}: {one}" for one in self.page.evaluate(GRAVE) + self.page.evaluate(RUNS_OUT)
            ]
            if SHOTS:
                self.page.screenshot(path=Path(SHOTS, f"{name}-{look}.png"), full_page=True)


def test_every_page_can_be_used_by_all_and_fits(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    clients = require_browser_clients(request.config, tmp_path)
    axe = (clients / "axe.min.js").read_text(encoding="utf-8")
    made, root = furnish(), User.objects.create_superuser("root")
    session = client_of(root).cookies["sessionid"].value
    with web_process(tmp_path) as web, running_chromium() as chromium, quiet_page(chromium) as page:
        looker = Looker(page, web.url, axe)
        looker.look("login", reverse("admin:login"))
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": web.url}])
        for name, address in list_addresses(made):
            looker.look(name, address)
    assert not looker.wrong, "\n".join(looker.wrong)
