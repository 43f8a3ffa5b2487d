"""The upload page in a page around it, as docs/upload-page.md has that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import quiet_page, running_chromium
from tests.factories import make_account
from tests.house.pages import block
from tests.streaming.player.framing import other_site
from tests.streaming.web_process import web_process
from tests.videos.uploads.test_page_browser import give, path_of
from videos.catalog import services as catalog

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATIENCE_MS = 60_000


def test_the_page_around_hears_of_its_height_and_of_the_end(tmp_path: Path) -> None:
    shown = block("docs/upload-page.md#in-your-page/html").text
    html: dict[str, str] = {}
    with (
        web_process(tmp_path) as web,
        other_site(lambda _site: html["page"]) as site,
        running_chromium() as chromium,
        quiet_page(chromium) as page,
    ):
        grant = give(make_account(), allowed_origins=(site,))
        filled = shown.replace("PAGE_URL", web.url + path_of(grant)).replace(
            "https://video.example.org", web.url
        )
        html["page"] = f'<!doctype html><link rel=icon href="data:,">{filled}'
        page.goto(site)
        expect(page.locator("#upload")).not_to_have_attribute("height", "420", timeout=PATIENCE_MS)
        inside = page.frame_locator("#upload")
        file: Any = {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"film"}
        inside.locator("#file").set_input_files(file)
        expect(inside.get_by_role("heading", level=2).filter(visible=True)).to_have_text(
            "The file has arrived", timeout=PATIENCE_MS
        )
        said = f"{grant.video_id} can be played"
        with page.expect_console_message(lambda message: message.text == said, timeout=PATIENCE_MS):
            catalog.mark_ready(video_id=grant.video_id)
