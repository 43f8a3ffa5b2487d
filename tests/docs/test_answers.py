"""Requests and answers that pages show: each is really sent, and what is answered is what the page says."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import Account, make_rendition, make_video
from tests.house.pages import block
from tests.limited import limited_account
from videos.catalog.models import Video
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db
TICKS = 12_800


@pytest.fixture
def film(account: Account) -> Video:
    """A film of two minutes that plays."""
    made = make_video(account.project, status="ready", duration_s=120.0)
    run = SegmentRun(0, 0, (4 * TICKS,) * 30, (1000,) * 30, (500,) * 30)
    make_rendition(made, runs=[run])
    return made


class Named:
    """A client for which `vid_…` is a video."""

    def __init__(self, api: APIClient, video: Video) -> None:
        self.api, self.video = api, video

    def post(self, path: str, *arguments: Any, **options: Any) -> Any:
        return self.api.post(path.replace("vid_…", self.video.pk), *arguments, **options)


def ask(api: APIClient | Named, address: str, **filled: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send what a page shows as `POST /address {…}`; return what it shows as the answer behind `→`, and what was answered.

    `filled`: fields of the body that the page leaves out.
    """
    request, shown = re.sub(r"\n\s+", " ", block(address).text.strip()).split("→")
    found = re.fullmatch(r"POST (\S+)\s+(\{.*\})\s*", request)
    assert found, request
    body = read(found[2]) | filled
    answer = api.post(found[1], body, format="json")
    assert answer.status_code in {200, 201}, answer.content
    return read(shown), answer.json()


def read(shown: str) -> dict[str, Any]:
    """Read JSON in which `…` stands for a value, or for further fields at the end."""
    read: dict[str, Any] = json.loads(re.sub(r": …", ': "…"', re.sub(r",\s*…\s*}", "}", shown)))
    return read


def expect(shown: dict[str, Any], answered: dict[str, Any], *, open_to: str = "") -> None:
    """Expect each shown field with its value; `open_to`: fields that have another value each time."""
    assert list(shown) == [name for name in answered if name in shown], "the order of the answer"
    for name, value in shown.items():
        if name in open_to.split():
            continue
        if isinstance(value, str) and "…" in value:
            assert re.fullmatch(re.escape(value).replace("…", ".+"), answered[name]), name
        else:
            assert answered[name] == value, name


def in_s(told: str) -> float:
    return (datetime.fromisoformat(told) - timezone.now()).total_seconds()


def test_a_clip_is_asked_for(api: APIClient, film: Video) -> None:
    shown, answered = ask(Named(api, film), "docs/clips.md#clips/text")
    expect(shown, answered)


def test_a_session_is_asked_for(api: APIClient, film: Video) -> None:
    shown, answered = ask(Named(api, film), "docs/tokens.md#sessions-short-tokens-that-go-on/text")
    answered["refresh_url"] = answered["refresh_url"].replace("http://", "https://")  # of the tests' server
    expect(shown, answered, open_to="expires_at session_id session_expires_at")
    assert re.fullmatch("[0-9a-f]{16}", shown["session_id"])
    assert re.fullmatch("[0-9a-f]{16}", answered["session_id"])
    assert (shown["expires_at"], shown["session_expires_at"]) == ("in a minute", "in four hours")
    assert 30 < in_s(answered["expires_at"]) <= timedelta(minutes=1).total_seconds()
    assert 0 < timedelta(hours=4).total_seconds() - in_s(answered["session_expires_at"]) < 30


def test_a_key_is_registered(api: APIClient) -> None:
    made = Ed25519PrivateKey.generate().public_key()
    pem = made.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    shown, answered = ask(api, "docs/tokens.md#signing-tokens-yourself/text", public_key=pem)
    expect(shown, answered, open_to="id")
    assert (len(shown["id"]), shown["id"].isalnum()) == (len(answered["id"]), answered["id"].isalnum())
    assert (answered["label"], answered["max_ttl_s"]) == ("Shop backend", 3600)


def test_chapters_are_set(api: APIClient, film: Video) -> None:
    shown = json.loads(block("docs/playback.md#chapters/json").text)
    answer = api.put(f"/api/v1/videos/{film.pk}/chapters", shown, format="json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["chapters"] == shown["chapters"]


def test_who_has_no_room_is_told_the_figures() -> None:
    shown = json.loads(block("docs/limits.md#what-a-client-is-told/json").text)
    account = limited_account(max_stored_bytes=shown["limit"])
    video = make_video(account.project, stored_bytes=shown["used"])
    waiting = make_video(account.project)
    answer = account.client().put(
        f"/api/v1/videos/{waiting.pk}/source", bytes(shown["asked"]), content_type="application/octet-stream"
    )
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json() == shown
    assert video.stored_bytes == shown["used"]


def test_how_many_requests_are_left_is_told() -> None:
    policy, left = block("docs/limits.md#what-a-client-is-told/text").text.strip().split("\n")
    most = dict(re.findall(r'"(\w+)";q=(\d+)', policy))
    account = limited_account(
        max_requests_a_minute=int(most["project"]), of_key={"max_requests_a_minute": int(most["key"])}
    )
    answer = account.client().get("/api/v1/account")
    assert f"RateLimit-Policy: {answer['RateLimit-Policy']}" == policy
    told = f"RateLimit: {answer['RateLimit']}"
    assert re.sub(r"\d+", "0", told) == re.sub(r"\d+", "0", left)
    assert all(int(most[name]) > int(number) for name, number in re.findall(r'"(\w+)";r=(\d+)', told + left))
