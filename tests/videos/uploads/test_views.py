from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from rest_framework.test import APIClient

from tests.captured_logs import logging_as
from tests.factories import Account, make_account, make_video
from videos.access.services import suspend_project
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
DATA = bytes(range(256)) * 9000


@pytest.fixture
def video(account: Account) -> Video:
    return make_video(account.project)


def put(api: APIClient, video: Video, data: bytes = DATA, **extra: Any) -> Any:
    return api.generic("PUT", f"/api/v1/videos/{video.pk}/source", data, "application/octet-stream", **extra)  # type: ignore[arg-type]  # bytes are taken too


def test_a_source_is_put_in_one_request(api: APIClient, video: Video) -> None:
    answer = put(api, video)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["source_size_bytes"]) == ("processing", len(DATA))
    assert shown["source_sha256"] == hashlib.sha256(DATA).hexdigest()
    assert shown["uploaded_at"]


@pytest.mark.parametrize(
    "kind", ["video/mp4", "text/plain", "multipart/form-data; boundary=x", "", "nonsense", "application/json"]
)
def test_the_body_is_taken_as_it_is_whatever_it_is_called(
    api: APIClient, video: Video, kind: str, media_dir: Path
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    answer = api.generic("PUT", f"/api/v1/videos/{video.pk}/source", body, kind)  # type: ignore[arg-type]  # bytes are taken too
    assert answer.status_code == 200
    (stored,) = [path for path in media_dir.rglob("*") if path.is_file()]
    assert stored.read_bytes() == body


def test_another_file_than_was_announced_is_refused(api: APIClient, video: Video, media_dir: Path) -> None:
    right = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    answer = put(api, video, DATA[:-1] + b"?", HTTP_REPR_DIGEST=f"sha-256=:{right}:")
    assert (answer.status_code, answer.json()["code"]) == (422, "source_differs")
    assert not [path for path in media_dir.rglob("*") if path.is_file()]
    assert put(api, video, HTTP_REPR_DIGEST="sha-256=:AAAA:").status_code == 400
    assert put(api, video, HTTP_REPR_DIGEST=f"sha-256=:{right}:").json()["status"] == "processing"


@pytest.mark.parametrize("length", ["", "-1", "1.5", "0x10", "\xb2", "1 2", "x"])
def test_a_length_must_be_told(api: APIClient, video: Video, length: str) -> None:
    answer = put(api, video, CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_body_of_unknown_length_is_refused(api: APIClient, video: Video) -> None:
    answer = put(api, video, HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


@pytest.mark.parametrize("length", [str(50 * 1024**3 + 1), "9" * 30, "9" * 5000])
def test_a_source_that_is_too_large_is_refused(api: APIClient, video: Video, length: str) -> None:
    answer = put(api, video, CONTENT_LENGTH=length)
    assert (answer.status_code, answer.json()["code"]) == (413, "source_too_large")
    assert "upload.max_size_bytes" in answer.json()["hint"]


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_a_full_disk_is_told_beforehand(api: APIClient, video: Video, settings: Any) -> None:
    store = settings.GILFOYLE.storage.model_copy(update={"reserve_bytes": 2**60})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": store})
    answer = put(api, video)
    assert (answer.status_code, answer.json()["code"]) == (507, "no_space")


@pytest.mark.django_db(transaction=True)  # a request of its own: it closes connections
def test_a_client_that_ends_early_leaves_nothing(account: Account, video: Video, media_dir: Path) -> None:
    request = RequestFactory().generic(
        "PUT",
        f"/api/v1/videos/{video.pk}/source",
        DATA,
        HTTP_AUTHORIZATION=f"Bearer {account.key_text}",
        CONTENT_LENGTH=str(len(DATA) + 1),
    )
    request.environ["wsgi.input"] = io.BytesIO(DATA)  # the test's own stream would be shocked
    statuses: list[str] = []

    def start(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return len

    answer = b"".join(WSGIHandler()(request.environ, start))
    assert statuses == ["400 Bad Request"]
    assert b'"upload_incomplete"' in answer
    assert f"Only {len(DATA)} of {len(DATA) + 1} bytes arrived".encode() in answer
    video.refresh_from_db()
    assert video.status == "awaiting_upload"
    assert not [path for path in media_dir.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("status", "code"),
    [("uploading", "upload_in_progress"), ("processing", "source_exists"), ("ready", "source_exists")],
)
def test_a_video_with_a_source_takes_no_other(
    api: APIClient, account: Account, status: str, code: str
) -> None:
    answer = put(api, make_video(account.project, status=status))
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_a_failed_video_takes_another_source(api: APIClient, account: Account) -> None:
    video = make_video(
        account.project, status="failed", failure_code="source_empty", failure_message="Empty."
    )
    shown = put(api, video).json()
    assert (shown["status"], shown["failure"]) == ("processing", None)


def test_an_upload_needs_its_own_scope_and_project(video: Video) -> None:
    reader = make_account(scopes=["videos:read", "videos:write"])
    assert put(reader.client(), make_video(reader.project)).status_code == 403
    assert put(make_account().client(), video).status_code == 404


def test_a_suspended_project_uploads_nothing(api: APIClient, account: Account, video: Video) -> None:
    suspend_project(project=account.project)
    assert put(api, video).json()["code"] == "project_suspended"


def test_the_log_names_the_video_and_no_key(api: APIClient, account: Account, video: Video) -> None:
    with logging_as() as written:
        put(api, video)
    assert "source_received" in written.getvalue()
    assert video.pk in written.getvalue()
    assert account.key_text[13:] not in written.getvalue()
