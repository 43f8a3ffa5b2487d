"""A hundred requests at the same moment that want the last of a quota: exactly as many get it as there is, whoever they are.

The web server is the real one, with several processes; its database the one that the tests run on.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.db.models import Sum

from tests.factories import Account, make_video
from tests.limited import at_once, key_use_of, limited_account, use_of
from tests.streaming.web_process import web_process
from videos.errors import QuotaExceeded
from videos.models import Upload, Video
from videos.uploads import appending, reserving, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body
from videos.uploads.permits import permit_of_key
from videos.uploads.resumable import create_upload

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 100
LEFT = 37
TUS = {"Tus-Resumable": "1.0.0"}


def test_a_hundred_requests_that_want_the_last_of_a_quota(tmp_path: Path, media_dir: Path) -> None:
    media_dir.mkdir(parents=True)
    with web_process(tmp_path, "--workers", "2", "--threads", "16") as web:
        uploads_race_for_the_last_byte(web.url)
        whole_files_race_for_the_last_byte(web.url)
        uploads_race_for_the_last_slot(web.url)
        requests_race_for_the_last_of_a_minute(web.url)


Ask = Callable[[httpx.Client, int], httpx.Response]


def race(url: str, account: Account, ask: Ask) -> list[httpx.Response]:
    """Make a hundred requests at once, over as many connections."""
    headers = {"Authorization": f"Bearer {account.key_text}"}
    limits = httpx.Limits(max_connections=MANY)
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=120, limits=limits) as client:
        return at_once([partial(ask, client, number) for number in range(MANY)])


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def create(length: int) -> Ask:
    headers = {**TUS, "Upload-Length": str(length)}
    return lambda client, _number: client.post("/uploads/tus", headers=headers)


def require_refused_in_words(answers: list[httpx.Response], status: int, code: str, limit: int) -> None:
    for answer in answers:
        if answer.status_code == status:
            body = answer.json()
            assert (body["code"], body["of"], body["limit"]) == (code, "project", limit)
            assert body["title"]
            assert body["hint"]


def uploads_race_for_the_last_byte(url: str) -> None:
    account = limited_account(max_stored_bytes=1000)
    make_video(
        account.project, stored_bytes=1000 - 10 * LEFT - 9
    )  # room for 37 of ten bytes, and nine left over
    answers = race(url, account, create(10))
    assert statuses(answers) == {201: LEFT, 403: MANY - LEFT}
    require_refused_in_words(answers, 403, "quota_exceeded", 1000)
    kept = Upload.objects.filter(status="receiving", project=account.project)
    assert (kept.count(), kept.aggregate(n=Sum("length_bytes"))["n"]) == (LEFT, 10 * LEFT)
    assert use_of(account).taken_bytes == 991
    assert key_use_of(account).uploading_bytes == 10 * LEFT


def whole_files_race_for_the_last_byte(url: str) -> None:
    account = limited_account(max_stored_bytes=LEFT)
    videos = [make_video(account.project).pk for _ in range(MANY)]
    answers = race(url, account, lambda client, n: client.put(f"/videos/{videos[n]}/source", content=b"x"))
    assert statuses(answers) == {200: LEFT, 403: MANY - LEFT}
    mine = Video.objects.filter(project=account.project)
    assert mine.filter(status="processing").aggregate(n=Sum("stored_bytes"))["n"] == LEFT
    assert mine.filter(status="awaiting_upload").count() == MANY - LEFT
    use = use_of(account)
    assert (use.stored_bytes, use.uploading_bytes, use.uploads) == (LEFT, 0, 0)


def uploads_race_for_the_last_slot(url: str) -> None:
    account = limited_account(max_uploads_at_once=LEFT)
    answers = race(url, account, create(10))
    assert statuses(answers) == {201: LEFT, 429: MANY - LEFT}
    require_refused_in_words(answers, 429, "too_many_uploads", LEFT)
    assert all(answer.headers["Retry-After"] == "30" for answer in answers if answer.status_code == 429)
    assert use_of(account).uploads == LEFT == Upload.objects.filter(project=account.project).count()


def requests_race_for_the_last_of_a_minute(url: str) -> None:
    account = limited_account(max_requests_a_minute=LEFT)
    answers = race(url, account, lambda client, _number: client.get("/account"))
    # A new minute may begin meanwhile: each has its own count, told by when the next one begins.
    minutes: dict[int, list[httpx.Response]] = {}
    for answer in answers:
        minutes.setdefault(_minute_of(answer), []).append(answer)
    assert len(minutes) <= 2
    for of_one in minutes.values():
        found = statuses(of_one)
        assert found[200] == min(LEFT, len(of_one))
        assert found[429] == len(of_one) - found[200]
        left = sorted(_left(answer) for answer in of_one if answer.status_code == 200)
        assert left == list(range(LEFT - found[200], LEFT))  # nobody was told the same number
    require_refused_in_words(answers, 429, "too_many_requests", LEFT)


def _minute_of(answer: httpx.Response) -> int:
    """Return in which minute a request was counted, from when it was answered and how far the next minute was then."""
    came_at = time.mktime(time.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"))
    next_in_s = int(answer.headers["RateLimit"].rpartition("t=")[2])
    return round((came_at + next_in_s) / 60)


def _left(answer: httpx.Response) -> int:
    return int(answer.headers["RateLimit"].partition("r=")[2].partition(";")[0])


def test_bodies_without_a_length_that_race_for_the_last_byte(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reserving, "STEP_BYTES", 64)
    monkeypatch.setattr(appending, "READ_BYTES", 50)
    monkeypatch.setattr(appending, "MOST_READ_BYTES", 50)
    account = limited_account(max_stored_bytes=1003)
    permit = permit_of_key(account.key, django_settings.GILFOYLE)
    begun = [
        create_upload(permit=permit, creation=tus.Creation(None), config=django_settings.GILFOYLE)
        for _ in range(8)
    ]

    def send(upload: Upload) -> Any:
        try:
            return append_bytes(
                permit=permit,
                upload_id=upload.pk,
                append=tus.Append(0),
                body=Body(io.BytesIO(b"x" * 400).readinto, None),
                config=django_settings.GILFOYLE,
            ).offset_bytes
        except QuotaExceeded as refusal:
            return refusal.code

    outcomes = at_once([partial(send, upload) for upload in begun])
    assert "quota_exceeded" in outcomes
    rows = Upload.objects.filter(status="receiving")
    assert rows.aggregate(n=Sum("offset_bytes"))["n"] == rows.aggregate(n=Sum("reserved_bytes"))["n"] == 1003
    assert use_of(account).taken_bytes == 1003
