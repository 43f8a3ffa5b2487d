from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.captured_logs import logging_as
from tests.factories import Account, api_client, make_account, make_video
from videos.catalog.models import Video
from videos.uploads.models import UploadGrant
from videos.uploads.serializers import EXAMPLE

pytestmark = pytest.mark.django_db
UPLOADS = "/api/v1/uploads"


def make(api: APIClient, **wish: Any) -> Any:
    return api.post(UPLOADS, wish, format="json")


def test_an_address_is_made_with_its_video(api: APIClient, account: Account) -> None:
    answer = make(api, video={"title": "Holiday"}, max_size_bytes=1000, containers=["mp4"], ttl_s=60)
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    shown = answer.json()
    assert list(shown) == list(EXAMPLE)
    video = Video.objects.get(pk=shown["video_id"])
    assert (video.title, video.project, video.status) == ("Holiday", account.project, "awaiting_upload")
    assert (shown["max_size_bytes"], shown["containers"]) == (1000, ["mp4"])
    again = api.get(f"{UPLOADS}/{shown['id']}").json()
    assert again == shown


def test_an_address_is_made_for_a_video(api: APIClient, account: Account) -> None:
    video = make_video(account.project)
    assert make(api, video_id=video.pk).json()["video_id"] == video.pk
    assert make(api, video_id="vid_none").status_code == 404
    assert (
        make(api, video_id=make_video(account.project, status="ready").pk).json()["code"] == "source_exists"
    )


@pytest.mark.parametrize(
    "wish",
    [
        {"ttl_s": 0},
        {"ttl_s": 10**9},
        {"max_size_bytes": 0},
        {"max_duration_s": 0},
        {"max_duration_s": "NaN"},
        {"containers": []},
        {"containers": ["exe"]},
        {"allowed_origins": ["example.org"]},
        {"allowed_origins": ["https://example.org/path"]},
        {"max_size": 5},
        {"video": {"title": "a"}, "video_id": "vid_3kTmvU1qQx0aZpLr7e"},
        {"video": {"tilte": "a"}},
    ],
)
def test_a_wish_that_says_nothing_sane_makes_nothing(api: APIClient, wish: dict[str, Any]) -> None:
    answer = make(api, **wish)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not UploadGrant.objects.exists()
    assert not Video.objects.exists()


def test_an_address_is_taken_back(api: APIClient) -> None:
    made = make(api).json()
    assert api.delete(f"{UPLOADS}/{made['id']}").status_code == 204
    assert api.get(f"{UPLOADS}/{made['id']}").json()["status"] == "revoked"
    assert api.delete(f"{UPLOADS}/{made['id']}").status_code == 204


def test_it_needs_the_scope_and_the_project(api: APIClient) -> None:
    made = make(api).json()
    stranger, reader = make_account().client(), make_account(scopes=["videos:write"]).client()
    assert stranger.get(f"{UPLOADS}/{made['id']}").json()["code"] == "upload_grant_not_found"
    assert stranger.delete(f"{UPLOADS}/{made['id']}").status_code == 404
    assert make(reader).status_code == 403
    assert make(api_client(None)).status_code == 401


def test_no_address_is_logged(api: APIClient) -> None:
    with logging_as() as written:
        made = make(api).json()
        api.get(made["tus_url"].partition("8000")[2])
    assert made["id"] in written.getvalue()
    assert made["tus_url"].rpartition(".")[2] not in written.getvalue()
