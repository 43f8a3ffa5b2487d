"""A real Chromium for tests, and how to look at the player in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, sync_playwright

from tests.services import require_service

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE = 1800  # looks of 50 ms
DESKTOP = (1280, 720)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run a headless Chromium, or skip (in CI: fail) where there is none."""
    require_service("Chromium", present=CHROMIUM is not None)
    # Playwright's loop runs in this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield running
            running.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def quiet_page(browser: Browser) -> Iterator[Page]:
    """Open a page that must not complain, neither on its console nor by an uncaught error."""
    width, height = DESKTOP
    context = browser.new_context(viewport={"width": width, "height": height})
    one = context.new_page()
    one.set_default_timeout(90_000)
    complaints: list[str] = []
    one.on("console", lambda message: complaints.extend(_complaints(message)))
    one.on("pageerror", lambda error: complaints.append(str(error)))
    yield one
    context.close()
    assert not complaints, complaints


def _complaints(message: ConsoleMessage) -> list[str]:
    # A refused address is an error in a browser's console, too; the tests ask for those.
    is_refusal = "Failed to load resource" in message.text
    return [message.text] if message.type == "error" and not is_refusal else []


def look(page: Page | Frame, expression: str) -> Any:
    """Evaluate an expression over `video`, the page's video element."""
    return page.evaluate(f"() => {{ const video = document.getElementById('video'); return {expression} }}")


def wait_until(page: Page | Frame, condition: str) -> None:
    """Wait for a condition over `video`. Playwright's own way needs eval, which the page's policy forbids."""
    page.evaluate(
        f"""() => new Promise((done, fail) => {{
            let left = {PATIENCE};
            const check = () => {{
                const video = document.getElementById('video');
                if ({condition}) done();
                else if (left-- > 0) setTimeout(check, 50);
                else fail(new Error('waited in vain'));
            }};
            check();
        }})"""
    )


def play(page: Page | Frame) -> None:
    page.locator("#start").click()
    wait_until(page, "video.currentTime > 1")


def open_menu(page: Page | Frame, title: str) -> None:
    """Open the player's settings at what is called `title`."""
    page.locator("#settings").click()
    page.locator("#menu .player-choice", has_text=title).click()


def choices(page: Page | Frame) -> list[str]:
    """What there is to choose from in the list that is open."""
    return page.locator("#menu [role=menuitemradio]").all_inner_texts()


def choose(page: Page | Frame, title: str, choice: str) -> None:
    open_menu(page, title)
    page.locator("#menu [role=menuitemradio]").get_by_text(choice, exact=True).click()


def offered(page: Page | Frame) -> dict[str, str]:
    """What the settings offer, and how it is set."""
    page.locator("#settings").click()
    rows = page.locator("#menu .player-choice").evaluate_all(
        "all => all.map((one) => [...one.querySelectorAll('span')].map((part) => part.textContent))"
    )
    page.locator("#menu .player-choice").first.press("Escape")
    return dict(rows)
