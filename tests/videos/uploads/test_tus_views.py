from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.captured_logs import logging_as
from tests.factories import Account, api_client, make_account, make_video
from tests.sealing import read_source
from tests.videos.uploads.tus_calls import call, create, created, head, metadata, patch
from videos.access.services import revoke_api_key, suspend_project
from videos.catalog.models import Video
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db
DATA = bytes(range(256)) * 40


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_file_arrives_in_three_requests(api: APIClient, account: Account, media_dir: Path) -> None:
    video = make_video(account.project)
    address = created(api, len(DATA), Upload_Metadata=metadata(video_id=video.pk))
    video.refresh_from_db()
    assert video.status == "uploading"
    assert head(api, address)["Upload-Offset"] == "0"
    assert patch(api, address, 0, DATA[:1000])["Upload-Offset"] == "1000"
    assert head(api, address)["Upload-Offset"] == "1000"
    last = patch(api, address, 1000, DATA[1000:])
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(DATA)))
    assert last["Tus-Resumable"] == "1.0.0"
    video.refresh_from_db()
    upload = Upload.objects.get(video=video)
    assert (video.status, video.source_size_bytes) == ("processing", len(DATA))
    assert video.source_sha256 == upload.sha256 == hashlib.sha256(DATA).hexdigest()
    assert read_source(video) == DATA
    assert head(api, address)["Upload-Offset"] == str(len(DATA))


def test_without_a_video_one_is_made(api: APIClient, account: Account, media_dir: Path) -> None:
    created(api, 3, b"abc", Upload_Metadata=metadata(title="Käfer", filename="secret name.mp4"))
    video = Video.objects.get(project=account.project)
    assert (video.title, video.status) == ("Käfer", "processing")


def test_an_address_is_relative_to_the_one_that_was_asked(api: APIClient, media_dir: Path) -> None:
    plain = create(api, 5)["Location"]
    assert plain.startswith("tus/upl_")
    with_slash = call(api, "POST", "/api/v1/uploads/tus/", Upload_Length="5")["Location"]
    assert with_slash.startswith("upl_")


def test_each_request_needs_the_key_its_scope_and_its_project(account: Account, media_dir: Path) -> None:
    api = account.client()
    address = created(api, 5)
    stranger = make_account().client()
    assert code(patch(stranger, address, 0, b"abc")) == (404, "upload_not_found")
    assert head(stranger, address).status_code == 404
    assert call(stranger, "DELETE", address).status_code == 404
    reader = make_account(scopes=["videos:read", "videos:write"])
    assert code(create(reader.client(), 5)) == (403, "scope_missing")
    assert code(create(api_client(None), 5)) == (401, "api_key_invalid")
    suspend_project(project=account.project)
    assert code(patch(api, address, 0, b"abc")) == (403, "project_suspended")


def test_a_revoked_key_goes_on_with_nothing(account: Account, media_dir: Path) -> None:
    api = account.client()
    address = created(api, 5)
    revoke_api_key(key=account.key)
    assert code(patch(api, address, 0, b"abc")) == (401, "api_key_invalid")
    assert Upload.objects.get().offset_bytes == 0


def test_a_video_of_another_project_is_none(api: APIClient) -> None:
    other = make_video(make_account().project)
    assert code(create(api, 5, Upload_Metadata=metadata(video_id=other.pk))) == (404, "video_not_found")


@pytest.mark.parametrize(
    ("status", "expected"), [("processing", "source_exists"), ("ready", "source_exists")]
)
def test_a_video_with_a_source_takes_no_other(
    api: APIClient, account: Account, status: str, expected: str
) -> None:
    video = make_video(account.project, status=status)
    answer = create(api, 5, Upload_Metadata=metadata(video_id=video.pk))
    assert code(answer) == (409, expected)


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_a_full_disk_is_told_beforehand(api: APIClient, settings: Any) -> None:
    store = settings.GILFOYLE.storage.model_copy(update={"reserve_bytes": 2**60})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": store})
    answer = create(api, 5)
    assert code(answer) == (507, "no_space")
    assert int(answer["Retry-After"]) > 0
    assert not Upload.objects.exists()


def test_a_client_that_accepts_only_pages_is_answered(api: APIClient, media_dir: Path) -> None:
    assert create(api, 5, Accept="text/html").status_code == 201


def test_the_log_names_no_key_and_no_file(api: APIClient, account: Account, media_dir: Path) -> None:
    with logging_as() as written:
        created(api, 3, b"abc", Upload_Metadata=metadata(filename="my private holiday.mp4"))
    assert "source_received" in written.getvalue()
    assert "holiday" not in written.getvalue()
    assert account.key_text[13:] not in written.getvalue()
