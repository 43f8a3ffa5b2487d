"""Signing in, second factor and confirming, in Chromium and through a real web server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from gilfoyle.staff import two_factor
from gilfoyle.staff.freshness import CONFIRMED_AT
from gilfoyle.staff.models import StaffTotp
from tests.admin_pages import LISTS, list_of, make_ready_video, page
from tests.browser import quiet_page, running_chromium
from tests.factories import make_project
from tests.second_factor import code_of_secret, next_code, protect
from tests.streaming.web_process import WebProcess, web_process

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[WebProcess]:
    with web_process(tmp_path_factory.mktemp("web")) as process:
        yield process


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    with quiet_page(chromium) as one:
        yield one


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def give_password(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")


def grow_old() -> None:
    """Let the password have been given long ago."""
    for one in Session.objects.all():
        session = SessionStore(one.session_key)
        session[CONFIRMED_AT] -= 3600
        session.save()


def test_a_second_factor_is_made_and_signs_in_and_so_do_recovery_codes(
    web: WebProcess, browser_page: Page, root: User
) -> None:
    page = browser_page
    page.goto(f"{web.url}/admin/")
    give_password(page)
    expect(page.get_by_text("Only a password protects your account")).to_be_visible()
    page.get_by_role("link", name="Set up a second factor").click()
    expect(page.locator(".gf-qr svg")).to_be_visible()
    page.get_by_text("It can't be scanned").click()
    secret = base64.b32decode(page.locator("#secret").inner_text().replace(" ", ""))
    give_code(page, code_of_secret(secret))
    expect(page.get_by_role("heading", name="Your second factor is in force").first).to_be_visible()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == two_factor.RECOVERY_CODES
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Only a password protects your account")).to_have_count(0)

    page.context.clear_cookies()
    page.goto(f"{web.url}/admin/videos/video/")
    give_password(page)
    give_code(page, "000 000")
    expect(page.get_by_text("This code is not right")).to_be_visible()
    give_code(page, next_code(StaffTotp.objects.get(confirmed=True)))
    page.wait_for_url(f"{web.url}/admin/videos/video/")

    page.context.clear_cookies()
    page.goto(f"{web.url}/admin/")
    give_password(page)
    give_code(page, codes[0].upper())
    page.wait_for_url(f"{web.url}/admin/")
    page.context.clear_cookies()
    page.goto(f"{web.url}/admin/")
    give_password(page)
    give_code(page, codes[0])
    expect(page.get_by_text("This code is not right")).to_be_visible()


def test_guessing_waits_in_words(web: WebProcess, browser_page: Page, root: User) -> None:
    page = browser_page
    page.goto(f"{web.url}/admin/")
    for _ in range(5):
        give_password(page, "guessed")
        expect(page.get_by_text("Please enter the correct username")).to_be_visible()
    give_password(page)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was checked. Try again in")


def test_what_can_t_be_undone_goes_on_after_the_password_and_a_code(
    web: WebProcess, browser_page: Page, root: User
) -> None:
    _device, codes = protect(root)
    project = make_project("Doomed")
    page = browser_page
    page.goto(f"{web.url}/admin/videos/project/{project.pk}/change/")
    give_password(page)
    give_code(page, codes[0])
    expect(page.get_by_role("button", name="Suspend")).to_be_visible()
    grow_old()
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("Nothing is done yet.")).to_be_visible()
    project.refresh_from_db()
    assert not project.is_suspended
    page.get_by_label("Password").fill("guessed")
    give_code(page, codes[1])
    expect(page.get_by_text("Password and code don't fit.")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    give_code(page, codes[1])
    expect(page.get_by_text("is suspended: nothing of it can be uploaded")).to_be_visible()
    project.refresh_from_db()
    assert project.is_suspended


def test_the_policy_of_the_admin_lets_its_own_pages_work(
    web: WebProcess, browser_page: Page, root: User
) -> None:
    """A page that asks for what the policy forbids complains on the console, and so fails."""
    video = make_ready_video(title="Shown")
    page_of_browser = browser_page
    policies: list[Any] = []
    page_of_browser.on(
        "response",
        lambda answer: (
            policies.append(answer.headers.get("content-security-policy", ""))
            if answer.request.resource_type == "document"
            and answer.request.frame == page_of_browser.main_frame
            else None
        ),
    )
    page_of_browser.goto(f"{web.url}/admin/")
    give_password(page_of_browser)
    page_of_browser.wait_for_url(f"{web.url}/admin/")
    for address in ("/admin/", *map(list_of, LISTS), page("videos_video", video.pk), "/admin/two-factor/"):
        page_of_browser.goto(web.url + address)
        expect(page_of_browser.locator("#main, #page").first).to_be_visible()
    assert len(policies) > len(LISTS)
    assert all("frame-ancestors 'none'" in policy for policy in policies if policy is not None)
