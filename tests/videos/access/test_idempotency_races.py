"""One Idempotency-Key, many requests at once, and processes that die: one creation, over the real web server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.utils import timezone

from tests.embedded import wait_until
from tests.factories import Account, make_account
from tests.streaming.web_process import WebProcess, web_process
from videos.access.models import IdempotencyRecord
from videos.catalog.models import Video
from videos.uploads.models import UploadGrant

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 50
WISH = {"video": {"title": "once"}}
MOMENTS = ("claimed, not created", "created, not kept", "kept, not committed", "committed, not answered")


@pytest.fixture
def web(tmp_path: Path, media_dir: Path) -> Iterator[WebProcess]:
    with web_process(
        tmp_path, "--workers", "2", application="tests.videos.access.served_mortal:application"
    ) as running:
        yield running


def ask(web: WebProcess, account: Account, **more: Any) -> httpx.Response:
    return httpx.post(
        f"{web.url}/api/v1/uploads",
        json=more.pop("json", WISH),
        headers={"Authorization": f"Bearer {account.key_text}", "Idempotency-Key": "one"},
        timeout=60,
    )


def test_fifty_at_once_make_one(web: WebProcess) -> None:
    account = make_account()
    barrier = Barrier(AT_ONCE)

    def together(_number: int) -> httpx.Response:
        barrier.wait()
        return ask(web, account)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(together, range(AT_ONCE)))
    assert {answer.status_code for answer in answers} <= {201, 409}, answers[0].text
    assert (UploadGrant.objects.count(), Video.objects.count()) == (1, 1)
    made = [answer for answer in answers if answer.status_code == 201]
    assert Counter("idempotent-replayed" in answer.headers for answer in made)[False] == 1
    assert {answer.content for answer in made} == {ask(web, account).content}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_key_in_use"
            assert answer.headers["Retry-After"] == "1"


def test_a_process_that_dies_leaves_neither_a_lost_nor_a_doubled_creation(
    web: WebProcess, media_dir: Path
) -> None:
    wish = media_dir.parent / "die-at"
    wish.parent.mkdir(parents=True, exist_ok=True)
    for moment in MOMENTS:
        account = make_account()
        wish.write_text(moment)
        with pytest.raises(httpx.TransportError):
            ask(web, account)
        assert not wish.exists()
        require_once(web, account, is_made=moment == MOMENTS[-1])


def require_once(web: WebProcess, account: Account, *, is_made: bool) -> None:
    videos = Video.objects.filter(project=account.project)
    assert videos.count() == is_made
    again = ask_until_served(web, account)
    assert (again.status_code == 201) == is_made, again.text
    if not is_made:
        assert again.json()["code"] == "idempotency_key_in_use"
        IdempotencyRecord.objects.filter(answer=None).update(lease_expires_at=timezone.now())
        again = ask(web, account)
        assert again.status_code == 201, again.text
    assert ("idempotent-replayed" in again.headers) == is_made
    assert (UploadGrant.objects.filter(video__in=videos).count(), videos.count()) == (1, 1)
    assert ask(web, account).content == again.content
    assert ask(web, account, json={}).json()["code"] == "idempotency_key_reused"


def ask_until_served(web: WebProcess, account: Account) -> httpx.Response:
    """Ask again for as long as connections go to the process that died."""

    def answer() -> httpx.Response | None:
        try:
            return ask(web, account)
        except httpx.TransportError:
            return None

    return wait_until(answer, what="an answer")
