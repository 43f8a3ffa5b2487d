"""The upload page in Chromium, as its users meet it: by mouse, by keyboard, through bad connections, in iframes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from gilfoyle.frontend.build import TUS, is_built
from tests.admin_pages import page as admin_page
from tests.browser import running_chromium
from tests.embedded import wait_until
from tests.factories import Account, make_account, make_video
from tests.services import require_service
from tests.streaming.web_process import WebProcess, web_process
from tests.videos.uploads.browser_clients import fetch_browser_clients
from tests.videos.uploads.holding_proxy import HoldingProxy, holding_proxy
from videos.catalog.models import Video
from videos.uploads.granting import GrantWish, create_grant, revoke_grant
from videos.uploads.grants import sign_grant
from videos.uploads.models import Upload, UploadGrant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZE_BYTES = 16_000_000
HELD_BYTES = 2_000_000  # besides what the system has taken in: some megabytes
OVERHEAD_BYTES = 100_000  # headers, and what the page and its scripts are asked for by
PATIENCE_MS = 60_000
HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[WebProcess]:
    require_service("tus-js-client", present=is_built(TUS))
    with web_process(tmp_path_factory.mktemp("web")) as process:
        yield process


@pytest.fixture
def proxy(web: WebProcess) -> Iterator[HoldingProxy]:
    with holding_proxy(int(web.url.rpartition(":")[2])) as running:
        yield running


@pytest.fixture
def owner() -> Account:
    return make_account()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(random.Random(1).randbytes(SIZE_BYTES))  # noqa: S311 - no secret
    return path


def give(owner: Account, **wish: Any) -> UploadGrant:
    return create_grant(key=owner.key, wish=GrantWish(**wish), config=settings.GILFOYLE)


def path_of(grant: UploadGrant) -> str:
    return f"/upload/{sign_grant(grant.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)}"


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open a page in a browser that knows nothing yet; it must load nothing from elsewhere, and throw nothing."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    thrown: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on(
        "console", lambda message: thrown.append(message.text) if "Content Security" in message.text else None
    )
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    assert context.cookies() == []
    assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0
    context.close()
    assert thrown == []
    assert {url.split("/")[2] for url in asked if not url.startswith("blob:")} == {address.split("/")[2]}


def state(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=2).filter(visible=True)).to_have_text(words)


def drop(page: Page, *files: tuple[str, str, int]) -> None:
    """Drop files of a name, a type and a size on the page."""
    state(page, "Drop a file here")
    made = page.evaluate_handle(
        """(files) => {
            const carried = new DataTransfer();
            for (const [name, type, size] of files) {
                const bytes = new Uint8Array(Math.min(size, 1000000)).fill(7);
                const file = new File([bytes], name, {type});
                if (size > bytes.length) Object.defineProperty(file, 'size', {value: size});
                carried.items.add(file);
            }
            return carried;
        }""",
        [list(one) for one in files],
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": made})
    expect(page.locator("#upload")).to_have_class("up is-over")
    page.dispatch_event("#drop", "drop", {"dataTransfer": made})


def settled(above: int = 0) -> int | None:
    """How much is kept of the upload, once nobody writes to it and it is more than before."""
    upload = Upload.objects.filter(writer="", offset_bytes__gt=above).first()
    return upload.offset_bytes if upload else None


def is_whole(grant: UploadGrant, clip: Path) -> bool:
    video = Video.objects.get(pk=grant.video_id)
    return video.source_sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()


def test_a_file_is_chosen_paused_and_gone_on_with_in_another_browser(
    chromium: Browser, proxy: HoldingProxy, owner: Account, clip: Path, tmp_path: Path
) -> None:
    grant = give(owner, video={"title": "Holiday"})
    address = proxy.url + path_of(grant)
    with opened(chromium, address) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Upload a video")
        proxy.hold(after_bytes=HELD_BYTES)
        page.set_input_files("#file", clip)
        state(page, "Uploading")
        expect(page.locator("#name")).to_have_text("clip.mp4")
        wait_until(lambda: proxy.sent_bytes > HELD_BYTES - 100_000, what="bytes on their way")
        page.get_by_role("button", name="Pause").click()
        state(page, "Paused")
        proxy.let_go()
        paused = wait_until(settled, what="what came before the pause")
        proxy.hold(after_bytes=500_000)
        before = proxy.sent_bytes
        page.get_by_role("button", name="Go on").click()
        state(page, "Uploading")
        wait_until(lambda: proxy.sent_bytes > before + 400_000, what="bytes on their way")
    # The tab is closed while it goes on.
    proxy.let_go()
    kept = wait_until(lambda: settled(above=paused), what="what came before the tab was closed")
    assert kept < SIZE_BYTES
    renamed = tmp_path / f"{HOSTILE.replace('/', '')}.mp4"
    clip.rename(renamed)
    before = proxy.sent_bytes
    with opened(chromium, address) as page:
        expect(page.locator("#begun")).to_contain_text("An upload was begun")
        page.set_input_files("#file", renamed)
        state(page, "The file has arrived")
        assert page.locator("#upload img").count() == 0
        assert "owned" not in page.title()
        sent = proxy.sent_bytes - before
        assert SIZE_BYTES - kept < sent < SIZE_BYTES - kept + OVERHEAD_BYTES
        assert is_whole(grant, renamed)
        Video.objects.update(status="ready", progress=100, playable=True)
        state(page, "Done")


def test_a_dropped_file_survives_a_network_that_goes_away(
    chromium: Browser, proxy: HoldingProxy, owner: Account, clip: Path
) -> None:
    grant = give(owner)
    with opened(chromium, proxy.url + path_of(grant)) as page:
        proxy.hold(after_bytes=HELD_BYTES)
        page.set_input_files("#file", clip)
        wait_until(lambda: proxy.sent_bytes > HELD_BYTES - 100_000, what="bytes on their way")
        proxy.go_down()
        state(page, "The connection was lost")
        kept = wait_until(settled, what="what came before")
        before = proxy.sent_bytes
        proxy.come_up()
        proxy.let_go()
        page.evaluate("() => window.dispatchEvent(new Event('online'))")
        state(page, "The file has arrived")
        sent = proxy.sent_bytes - before
        assert SIZE_BYTES - kept < sent < SIZE_BYTES - kept + OVERHEAD_BYTES
    assert is_whole(grant, clip)
    assert Upload.objects.count() == 1


def test_what_is_dropped_is_told_what_it_is(chromium: Browser, web: WebProcess, owner: Account) -> None:
    grant = give(owner, containers=["mp4"], max_size_bytes=2_000_000)
    with opened(chromium, web.url + path_of(grant)) as page:
        for files, title in (
            ([("a.mkv", "", 1000)], "Files that end in .mkv can't be uploaded here."),
            ([("a.pdf", "application/pdf", 1000)], "This file is not a video."),
            ([("a.mp4", "video/mp4", 0)], "This file is empty."),
            ([("a.mp4", "video/mp4", 10), ("b.mp4", "video/mp4", 10)], "These are several files."),
        ):
            drop(page, *files)
            state(page, title)
            page.get_by_role("button", name="Choose another file").click()
        drop(page, ("a.mp4", "video/mp4", 1000))
        state(page, "The file has arrived")
        Video.objects.update(
            status="failed", failure_code="no_video_stream", failure_message=f"No picture in it. {HOSTILE}"
        )
        state(page, "This file can't be used.")
        expect(page.locator("#ended-words")).to_have_text(f"No picture in it. {HOSTILE}")
        page.get_by_role("button", name="Choose another file").click()
        drop(page, ("b.mp4", "video/mp4", 2000))
        state(page, "The file has arrived")
        assert Video.objects.get().source_size_bytes == 2000


def test_refusals_of_the_server_are_shown_in_its_words(
    chromium: Browser, web: WebProcess, owner: Account, clip: Path
) -> None:
    grant = give(owner)
    with opened(chromium, web.url + path_of(grant)) as page:
        state(page, "Drop a file here")
        UploadGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        page.set_input_files("#file", clip)
        state(page, "This upload address has expired.")
        expect(page.locator("#ended-words")).to_have_text("Ask for another one.")
        expect(page.get_by_role("button").filter(visible=True)).to_have_count(0)
    revoked = give(owner)
    with opened(chromium, web.url + path_of(revoked)) as page:
        state(page, "Drop a file here")
        revoke_grant(grant=revoked)
        page.set_input_files("#file", clip)
        state(page, "This upload address is not valid, or not any more.")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "This upload address is not valid, or not any more."
        )
    small = give(owner, max_size_bytes=SIZE_BYTES - 1)
    with opened(chromium, web.url + path_of(small)) as page:
        page.set_input_files("#file", clip)
        state(page, "This file is too large: 15.3 MB.")
    with opened(chromium, web.url + path_of(give(owner))) as page:
        state(page, "Drop a file here")
        UploadGrant.objects.update(max_size_bytes=1000)  # since the page was loaded
        page.set_input_files("#file", clip)
        state(page, "The largest file accepted here has 1000 bytes.")
        expect(page.get_by_role("button", name="Choose another file")).to_be_visible()
    assert not Upload.objects.exists()


def test_another_file_than_the_one_begun_is_asked_about(
    chromium: Browser, proxy: HoldingProxy, owner: Account, clip: Path, tmp_path: Path
) -> None:
    grant = give(owner)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"another film" * 1000)
    with opened(chromium, proxy.url + path_of(grant)) as page:
        proxy.hold(after_bytes=HELD_BYTES)
        page.set_input_files("#file", clip)
        wait_until(lambda: proxy.sent_bytes > HELD_BYTES - 100_000, what="bytes on their way")
    proxy.let_go()
    wait_until(settled, what="what came")
    with opened(chromium, proxy.url + path_of(grant)) as page:
        page.set_input_files("#file", other)
        state(page, "This is another file than the one that was begun.")
        page.get_by_role("button", name="Choose again").click()
        expect(page.locator("#begun")).to_be_visible()
        page.set_input_files("#file", other)
        page.get_by_role("button", name="Start with this file").click()
        state(page, "The file has arrived")
    assert is_whole(grant, other)


def test_of_two_files_chosen_one_after_the_other_the_second_is_sent(
    chromium: Browser, web: WebProcess, owner: Account
) -> None:
    grant = give(owner)
    with opened(chromium, web.url + path_of(grant)) as page:
        state(page, "Drop a file here")
        # The length of the first is not told until the test says so.
        page.evaluate(
            """() => {
                const make = document.createElement.bind(document);
                document.createElement = (name) => {
                    if (name !== "video") return make(name);
                    const film = { removeAttribute() {}, duration: 1 };
                    (window.films ??= []).push(film);
                    return film;
                };
            }"""
        )
        for name, size in (("a.mp4", 1000), ("b.mp4", 2000)):
            page.set_input_files("#file", {"name": name, "mimeType": "video/mp4", "buffer": b"7" * size})
            state(page, "Looking at the file…")
            expect(page.locator("#name")).to_have_text(name)
        page.evaluate("() => { window.films[1].onloadedmetadata(); window.films[0].onloadedmetadata(); }")
        state(page, "The file has arrived")
    assert [one.length_bytes for one in Upload.objects.all()] == [2000]
    assert Video.objects.get().source_size_bytes == 2000


def test_an_upload_that_comes_another_way_is_asked_about(
    chromium: Browser, web: WebProcess, owner: Account
) -> None:
    grant = give(owner)
    Video.objects.update(status="uploading")
    direct = Upload.objects.create(
        video=grant.video,
        project=owner.project,
        grant=grant,
        kind="direct",
        way="direct",
        length_bytes=9,
        lease_expires_at=grant.expires_at,
    )
    file: Any = {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"film"}
    with opened(chromium, web.url + path_of(grant)) as page:
        state(page, "Drop a file here")
        page.set_input_files("#file", file)
        state(page, "Another upload is under way.")
        page.get_by_role("button", name="Choose again").click()
        state(page, "Drop a file here")
        direct.refresh_from_db()
        assert direct.status == "receiving"
        page.set_input_files("#file", file)
        page.get_by_role("button", name="Start with this file").click()
        state(page, "The file has arrived")
    direct.refresh_from_db()
    assert (direct.status, direct.ended_code) == ("aborted", "replaced")


def test_the_keyboard_alone_is_enough_to_upload_pause_and_give_up(
    chromium: Browser, proxy: HoldingProxy, owner: Account, clip: Path
) -> None:
    grant = give(owner)
    with opened(chromium, proxy.url + path_of(grant), reduced_motion="reduce") as page:
        proxy.hold(after_bytes=HELD_BYTES)
        state(page, "Drop a file here")
        page.keyboard.press("Tab")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(clip)
        state(page, "Uploading")
        assert page.evaluate("() => document.activeElement.id") == "sending-title"
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.id") == "pause"
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Space")
        state(page, "Paused")
        expect(page.get_by_role("status")).to_have_text(
            "Paused. What has arrived is kept. You can go on now or later."
        )
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        state(page, "Give up this upload?")
        assert page.evaluate("() => document.activeElement.id") == "asking-title"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        state(page, "Drop a file here")
        expect(page.locator("#begun")).to_be_hidden()
    assert Upload.objects.get().ended_code == "terminated"


def test_no_state_of_the_page_has_a_barrier(
    request: pytest.FixtureRequest,
    chromium: Browser,
    proxy: HoldingProxy,
    owner: Account,
    clip: Path,
    tmp_path: Path,
) -> None:
    kept = getattr(request.config, "cache", None)
    clients = fetch_browser_clients(kept.mkdir("gilfoyle-clients") if kept else tmp_path)
    require_service("axe-core", present=clients is not None)
    assert clients is not None
    axe = (clients / "axe.min.js").read_text(encoding="utf-8")
    grant = give(owner, video={"title": "Holiday"})

    def check(page: Page) -> None:
        found = page.evaluate(
            "() => axe.run().then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`))"
        )
        assert found == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    for scheme in ("light", "dark"):
        Upload.objects.all().delete()
        Video.objects.update(status="awaiting_upload", source_upload_id="")
        proxy.let_go()
        options = {"color_scheme": scheme, "viewport": {"width": 320, "height": 640}}
        with opened(chromium, proxy.url + path_of(grant), **options) as page:
            page.evaluate(axe)
            state(page, "Drop a file here")
            check(page)
            proxy.hold(after_bytes=HELD_BYTES)
            page.set_input_files("#file", clip)
            state(page, "Uploading")
            check(page)
            page.get_by_role("button", name="Cancel").click()
            state(page, "Give up this upload?")
            check(page)
            page.get_by_role("button", name="Keep it").click()
            proxy.let_go()
            state(page, "The file has arrived")
            check(page)
            Video.objects.update(status="failed", failure_message="No picture in it.")
            state(page, "This file can't be used.")
            check(page)


def test_an_administrator_uploads_from_a_video_s_page(
    chromium: Browser, web: WebProcess, owner: Account
) -> None:
    video = make_video(owner.project, title="Holiday")
    User.objects.create_superuser("root", password="correct horse battery")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(web.url + admin_page("videos_video", video.pk))
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("correct horse battery")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Upload a file").click()
    expect(page.locator("#page-url")).to_contain_text(f"{web.url}/upload/upg_")
    inside = page.frame_locator("iframe[data-upload]")
    expect(inside.get_by_role("heading", name="Drop a file here")).to_be_visible()
    inside.locator("#file").set_input_files({"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"film"})
    expect(inside.get_by_role("heading", level=2, name="The file has arrived")).to_be_visible()
    context.close()
    video.refresh_from_db()
    assert (video.status, video.source_size_bytes) == ("processing", 4)
    assert Upload.objects.get().grant.given_by.get_username() == "root"  # type: ignore[union-attr]  # they are there
