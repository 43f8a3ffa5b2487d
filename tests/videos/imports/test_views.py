from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.factories import Account, make_account, make_video
from videos.imports import services
from videos.imports.errors import ImportInProgress
from videos.imports.models import Import

pytestmark = pytest.mark.django_db
URL = "https://files.example/clip.mp4?signature=secret"


def post(api: APIClient, video_id: str, url: Any = URL) -> Any:
    return api.post(f"/api/v1/videos/{video_id}/import", {"source_url": url}, format="json")


def test_an_import_is_begun_followed_and_stopped(api: APIClient, account: Account) -> None:
    video = make_video(account.project)
    address = f"/api/v1/videos/{video.pk}/import"
    begun = post(api, video.pk)
    assert begun.status_code == 202
    shown = begun.json()
    assert (shown["status"], shown["video_id"], shown["progress"]) == ("waiting", video.pk, None)
    assert shown["source_url"] == "https://files.example/clip.mp4"
    Import.objects.update(status="fetching", size_bytes=200, received_bytes=50)
    assert api.get(address).json()["progress"] == 25
    stopped = api.delete(address)
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    assert api.delete(address).json()["status"] == "cancelled"


def test_what_went_wrong_is_told_with_a_hint(api: APIClient, account: Account, settings: Any) -> None:
    video = make_video(account.project)
    post(api, video.pk)
    held = services.claim_import(owner="me", lease_s=60)
    assert held is not None
    error = ImportInProgress("It did not work.", hint="Do this.")
    services.fail_import(held=held, error=error, is_final=True)
    shown = api.get(f"/api/v1/videos/{video.pk}/import").json()
    assert shown["failure"] == {"code": error.code, "message": "It did not work.", "hint": "Do this."}
    assert api.get(f"/api/v1/videos/{video.pk}").json()["failure"] == {
        "code": error.code,
        "message": "It did not work.",
    }


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("file:///etc/passwd", 422, "address_invalid"),
        ("http://user@files.example/", 422, "address_invalid"),
        ("https://files.example:22/", 422, "address_invalid"),
        ("http://169.254.169.254/latest/meta-data/", 422, "address_refused"),
        ("http://[::ffff:7f00:1]/", 422, "address_refused"),
        ("s3://footage/clip.mp4", 422, "bucket_unknown"),
        ("", 400, "invalid_input"),
        (None, 400, "invalid_input"),
        ("https://files.example/" + "a" * 2048, 400, "invalid_input"),
    ],
)
def test_an_address_that_can_not_be_fetched_is_refused_at_once(
    url: Any, status: int, code: str, api: APIClient, account: Account
) -> None:
    answer = post(api, make_video(account.project).pk, url)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Import.objects.exists()


def test_a_video_without_import_or_of_others_is_not_found(api: APIClient, account: Account) -> None:
    mine, others = make_video(account.project), make_video()
    assert api.get(f"/api/v1/videos/{mine.pk}/import").json()["code"] == "import_not_found"
    for answer in (
        post(api, others.pk),
        api.get(f"/api/v1/videos/{others.pk}/import"),
        api.delete(f"/api/v1/videos/{others.pk}/import"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


def test_reading_and_importing_need_their_scopes() -> None:
    reader = make_account(scopes=["videos:read"])
    video = make_video(reader.project)
    assert post(reader.client(), video.pk).json()["code"] == "scope_missing"
    assert reader.client().get(f"/api/v1/videos/{video.pk}/import").json()["code"] == "import_not_found"
    writer = make_account(scopes=["uploads:write"])
    mine = make_video(writer.project)
    assert post(writer.client(), mine.pk).status_code == 202
    assert writer.client().get(f"/api/v1/videos/{mine.pk}/import").json()["code"] == "scope_missing"
