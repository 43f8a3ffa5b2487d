"""What Uppy's plugin asks for, call by call; the plugin itself is in test_direct_browser.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.factories import api_client
from tests.videos.uploads.direct_calls import FILE, LEAST_PART, code, part_of
from tests.videos.uploads.parts_store import PartsStore
from tests.videos.uploads.test_direct_views import address_of, settle
from tests.videos.uploads.test_granted_views import SITE
from videos.catalog.models import Video
from videos.uploads.models import DirectUpload, Upload

pytestmark = pytest.mark.django_db
TOLD = {"filename": "a.mp4", "type": "video/mp4", "metadata": {"name": "a.mp4", "size_bytes": len(FILE)}}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    return PartsStore(monkeypatch, media_dir)


@pytest.fixture
def place(api: APIClient, bucket: PartsStore) -> str:
    return address_of(api, allowed_origins=[SITE]) + "/s3/multipart"


@pytest.fixture
def page() -> APIClient:
    client = api_client(None)
    client.defaults["HTTP_ORIGIN"] = SITE
    return client


def begin(page: APIClient, place: str, **told: Any) -> str:
    begun = page.post(place, {**TOLD, **told}, format="json").json()
    assert set(begun) == {"uploadId", "key"}
    return f"{place}/{begun['uploadId']}"


def test_the_plugin_s_calls_make_a_source(page: APIClient, place: str, bucket: PartsStore) -> None:
    upload = begin(page, place)
    assert DirectUpload.objects.get().part_size_bytes == LEAST_PART
    named = []
    for number in (1, 2):
        signed = page.get(f"{upload}/{number}?key=x")
        assert signed["Access-Control-Allow-Origin"] == SITE
        etag = bucket.take(signed.json()["url"], part_of(FILE, number))
        named.append({"PartNumber": number, "ETag": etag.strip('"')})
        there = page.get(f"{upload}?key=x").json()
        assert [part["PartNumber"] for part in there] == list(range(1, number + 1))
    done = page.post(f"{upload}/complete?key=x", {"parts": named}, format="json")
    video = Video.objects.get()
    assert done.json()["location"].endswith(f"/api/v1/videos/{video.pk}")
    assert settle({"upload_id": Upload.objects.get().pk})
    video.refresh_from_db()
    assert (video.status, video.source_size_bytes) == ("processing", len(FILE))
    assert page.get(upload).json() == []


def test_it_is_given_up(page: APIClient, place: str, bucket: PartsStore) -> None:
    upload = begin(page, place)
    assert page.delete(f"{upload}?key=x").status_code == 204
    assert (Upload.objects.get().status, bucket.transfers) == ("aborted", {})


@pytest.mark.parametrize(
    "told",
    [
        {"metadata": {}},
        {"metadata": None},
        {"metadata": [1]},
        {"metadata": {"size_bytes": "many"}},
        {"type": 5, "metadata": {"size_bytes": [5]}},
    ],
)
def test_a_file_whose_size_is_not_told_is_refused(page: APIClient, place: str, told: dict[str, Any]) -> None:
    answer = page.post(place, {**TOLD, **told}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "size_bytes")


def test_what_makes_no_sense_is_refused(page: APIClient, place: str) -> None:
    assert page.post(place, [1], format="json").status_code == 400
    upload = begin(page, place)
    for odd in ("0", "3", "10001", "99999999", "x", "1.5", "-1"):
        assert page.get(f"{upload}/{odd}").status_code in {404, 422}, odd
    odd_parts: tuple[Any, ...] = (
        None,
        [],
        "x",
        [1],
        [{}],
        [{"PartNumber": "x", "ETag": ""}],
        [{"PartNumber": 1}],
    )
    for parts in odd_parts:
        assert page.post(f"{upload}/complete", {"parts": parts}, format="json").status_code == 400, parts
    assert page.post(f"{upload}/complete", [1], format="json").status_code == 400
    named = [{"PartNumber": 1, "ETag": "x"}]
    answer = page.post(f"{upload}/complete", {"parts": named}, format="json")
    assert code(answer) == (409, "upload_parts_missing")
    assert Upload.objects.get().status == "receiving"


def test_others_pages_are_refused(api: APIClient, place: str) -> None:
    stranger = api_client(None)
    stranger.defaults["HTTP_ORIGIN"] = "https://evil.example"
    assert code(stranger.post(place, TOLD, format="json")) == (403, "origin_not_allowed")
    asked = stranger.options(place)
    assert "Access-Control-Allow-Origin" not in asked
