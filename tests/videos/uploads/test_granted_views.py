from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.captured_logs import logging_as
from tests.factories import Account, api_client
from tests.videos.uploads.tus_calls import call, head, patch
from videos.access.services import revoke_api_key, suspend_project
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.uploads.models import Upload, UploadGrant

pytestmark = pytest.mark.django_db
SITE = "https://www.example.org"
DATA = bytes(range(256)) * 10


@pytest.fixture
def browser() -> APIClient:
    """A client without a key."""
    return api_client(None)


def address_of(api: APIClient, **wish: Any) -> str:
    answer = api.post("/api/v1/uploads", wish, format="json")
    assert answer.status_code == 201, answer.content
    return "/api/v1" + str(answer.json()["tus_url"]).partition("/api/v1")[2]


def begin(browser: APIClient, address: str, length: int = len(DATA), **headers: Any) -> str:
    answer = call(browser, "POST", address, Upload_Length=str(length), **headers)
    assert answer.status_code == 201, answer.content
    assert answer["Location"].startswith("upg_")
    return f"{address.rpartition('/')[0]}/{answer['Location']}"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_whoever_has_the_address_uploads_to_its_video(
    api: APIClient, browser: APIClient, media_dir: Path
) -> None:
    upload = begin(browser, address_of(api, max_duration_s=60, containers=["mp4"]))
    assert patch(browser, upload, 0, DATA[:100])["Upload-Offset"] == "100"
    assert head(browser, upload)["Upload-Offset"] == "100"
    assert patch(browser, upload, 100, DATA[100:]).status_code == 204
    video = Video.objects.get()
    assert (video.status, video.source_sha256) == ("processing", hashlib.sha256(DATA).hexdigest())
    assert video.source_limits == {"max_duration_s": 60.0, "containers": ["mp4"]}


def test_it_uploads_to_no_other_video(api: APIClient, browser: APIClient, account: Account) -> None:
    mine, other = address_of(api), address_of(api)
    upload = begin(browser, mine)
    elsewhere = f"{other}/{upload.rpartition('/')[2]}"
    for method in ("HEAD", "PATCH", "DELETE"):
        assert (
            call(
                browser, method, elsewhere, Upload_Offset="0", Content_Type="application/offset+octet-stream"
            ).status_code
            == 404
        )
    begin(browser, other, Upload_Metadata="video_id dmlkX25vbmU=")  # it is not asked
    assert Upload.objects.exclude(video=None).values("video").distinct().count() == 2


def test_a_file_that_is_too_large_for_it_is_refused(api: APIClient, browser: APIClient) -> None:
    address = address_of(api, max_size_bytes=100)
    assert code(call(browser, "POST", address, Upload_Length="101")) == (413, "source_too_large")
    deferred = call(browser, "POST", address, Upload_Defer_Length="1")
    upload = f"{address.rpartition('/')[0]}/{deferred['Location']}"
    assert code(patch(browser, upload, 0, b"x" * 101)) == (413, "source_too_large")
    assert code(call(browser, "PUT", address, b"x" * 101)) == (413, "source_too_large")


def test_parts_share_the_largest_size(api: APIClient, browser: APIClient, media_dir: Path) -> None:
    address = address_of(api, max_size_bytes=10)
    parts = []
    for _ in range(2):
        answer = call(browser, "POST", address, Upload_Length="6", Upload_Concat="partial")
        parts.append(answer["Location"])
    both = call(browser, "POST", address, Upload_Concat=f"final;{' '.join(parts)}")
    assert code(both) == (413, "source_too_large")


CHANGES: list[tuple[Callable[[Account], object], int, str]] = [
    (lambda a: revoke_api_key(key=a.key), 403, "upload_grant_invalid"),
    (lambda a: suspend_project(project=a.project), 403, "project_suspended"),
    (lambda _: delete_video(video=Video.objects.get()), 403, "upload_grant_invalid"),
    (lambda _: UploadGrant.objects.update(revoked_at=timezone.now()), 403, "upload_grant_invalid"),
    (lambda _: UploadGrant.objects.update(expires_at=timezone.now()), 410, "upload_grant_expired"),
]


@pytest.mark.parametrize(("change", "status", "expected"), CHANGES)
def test_every_request_asks_whether_it_still_holds(
    api: APIClient,
    browser: APIClient,
    account: Account,
    change: Callable[[Account], object],
    status: int,
    expected: str,
) -> None:
    address = address_of(api, allowed_origins=[SITE])
    upload = begin(browser, address)
    change(account)
    for answer in (
        call(browser, "POST", address, Upload_Length="5", Origin=SITE),
        patch(browser, upload, 0, DATA, Origin=SITE),
        call(browser, "PUT", address, DATA, Origin=SITE),
        call(browser, "DELETE", upload, Origin=SITE),
    ):
        assert code(answer) == (status, expected)
        assert answer["Access-Control-Allow-Origin"] == SITE  # the page may read why
    assert head(browser, upload).status_code == status
    assert Upload.objects.get().offset_bytes == 0


@pytest.mark.parametrize("token", ["upg_3kTmvU1qQx0aZpLr7e.AAAAAAAAAAAAAAAAAAAAAA", "upg_x.y"])
def test_an_address_that_nobody_signed_opens_nothing(browser: APIClient, token: str) -> None:
    answer = call(browser, "POST", f"/api/v1/uploads/tus/{token}", Upload_Length="5", Origin=SITE)
    assert code(answer) == (403, "upload_grant_invalid")
    assert "Access-Control-Allow-Origin" not in answer


def preflight(browser: APIClient, address: str, origin: str) -> Any:
    return browser.options(
        address,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "tus-resumable,upload-offset",
        },
    )


def test_pages_of_the_allowed_origins_may_and_no_others(api: APIClient, browser: APIClient) -> None:
    address = address_of(api, allowed_origins=[SITE])
    upload = begin(browser, address)
    for target in (address, upload):
        asked = preflight(browser, target, SITE)
        assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, SITE)
        assert "Upload-Offset" in asked["Access-Control-Allow-Headers"]
        assert asked["Vary"] == "Origin"
        other = preflight(browser, target, "https://evil.example")
        assert "Access-Control-Allow-Origin" not in other
        assert "Access-Control-Allow-Methods" not in other
    answer = patch(browser, upload, 0, DATA[:5], Origin=SITE)
    assert answer["Access-Control-Allow-Origin"] == SITE
    assert "Upload-Offset" in answer["Access-Control-Expose-Headers"]
    refused = patch(browser, upload, 5, DATA[5:], Origin="https://evil.example")
    assert code(refused) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in refused
    assert Upload.objects.get().offset_bytes == 5


def test_pages_of_this_server_may_and_any_where_all_are_allowed(
    api: APIClient, browser: APIClient, settings: Any
) -> None:
    own = settings.GILFOYLE.public_url
    assert preflight(browser, address_of(api), own)["Access-Control-Allow-Origin"] == own
    anybody = preflight(browser, address_of(api, allowed_origins=["*"]), SITE)
    assert anybody["Access-Control-Allow-Origin"] == SITE


def test_addresses_with_a_key_are_for_no_browser(api: APIClient) -> None:
    answer = preflight(api, "/api/v1/uploads/tus", SITE)
    assert "Access-Control-Allow-Origin" not in answer


def put(browser: APIClient, address: str, first: int, last: int, total: int | str = len(DATA)) -> Any:
    data = DATA[first : last + 1]
    return call(
        browser,
        "PUT",
        address,
        data,
        content_type="video/mp4",
        Tus_Resumable=None,
        Content_Range=f"bytes {first}-{last}/{total}",
    )


def test_a_file_comes_in_pieces_as_upchunk_sends_them(
    api: APIClient, browser: APIClient, media_dir: Path
) -> None:
    address = address_of(api)
    first = put(browser, address, 0, 1023)
    assert (first.status_code, first["Range"]) == (308, "bytes=0-1023")
    again = put(browser, address, 0, 1023)  # the answer was lost
    assert (again.status_code, again["Range"]) == (308, "bytes=0-1023")
    overlapping = put(browser, address, 512, 1535)
    assert (overlapping.status_code, overlapping["Range"]) == (308, "bytes=0-1535")
    gap = put(browser, address, 2000, 2047)
    assert (code(gap), gap["Range"]) == ((409, "upload_offset_mismatch"), "bytes=0-1535")
    asked = call(browser, "PUT", address, Content_Range=f"bytes */{len(DATA)}")
    assert (asked.status_code, asked["Range"]) == (308, "bytes=0-1535")
    last = put(browser, address, 1536, len(DATA) - 1)
    assert (last.status_code, last.json()["status"]) == (200, "finished")
    repeated = put(browser, address, 1536, len(DATA) - 1)
    assert (repeated.status_code, repeated["Range"]) == (200, f"bytes=0-{len(DATA) - 1}")
    assert Video.objects.get().source_sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_file_comes_in_one_plain_put(api: APIClient, browser: APIClient, media_dir: Path) -> None:
    answer = call(browser, "PUT", address_of(api), DATA, content_type="video/mp4", Tus_Resumable=None)
    assert (answer.status_code, answer.json()["offset_bytes"]) == (200, len(DATA))
    assert Video.objects.get().source_sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_piece_is_no_other_than_it_says(api: APIClient, browser: APIClient) -> None:
    answer = call(browser, "PUT", address_of(api), DATA, Content_Range="bytes 0-9/100")
    assert code(answer) == (400, "content_range_invalid")


def test_an_upload_ends_with_its_address(api: APIClient, browser: APIClient, settings: Any) -> None:
    upload = begin(browser, address_of(api, ttl_s=60))
    assert head(browser, upload)["Upload-Expires"]
    assert Upload.objects.get().lease_expires_at <= timezone.now() + timedelta(seconds=60)
    del upload


def test_the_secret_is_in_no_log(api: APIClient, browser: APIClient, media_dir: Path) -> None:
    address = address_of(api)
    with logging_as("console", level="debug") as written:
        upload = begin(browser, address)
        patch(browser, upload, 0, DATA)
        head(browser, upload + "x")
    assert "source_received" in written.getvalue()
    assert address.rpartition(".")[2] not in written.getvalue()


def test_its_holder_asks_what_it_takes_and_how_far_it_is(
    api: APIClient, browser: APIClient, media_dir: Path
) -> None:
    address = address_of(api, video={"title": "T"}, allowed_origins=[SITE])
    begin(browser, address, 6)
    answer = browser.get(address, headers={"Origin": SITE})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, SITE)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (answer.json()["status"], answer.json()["upload"]["length_bytes"]) == ("receiving", 6)
    assert browser.head(address).status_code == 200
    elsewhere = browser.get(address, headers={"Origin": "https://evil.example"})
    assert code(elsewhere) == (403, "origin_not_allowed")
    UploadGrant.objects.update(expires_at=timezone.now())
    assert code(browser.get(address)) == (410, "upload_grant_expired")
    assert code(browser.get(address[:-1])) == (403, "upload_grant_invalid")


def test_a_page_of_this_server_is_of_the_host_it_was_asked_for_by(
    api: APIClient, browser: APIClient, settings: Any
) -> None:
    address = address_of(api)
    settings.ALLOWED_HOSTS = ["video.lan"]
    own = {"Host": "video.lan", "Origin": "http://video.lan"}
    assert browser.get(address, headers=own).status_code == 200
    for origin in ("https://video.lan", "http://video.lan:81", "http://evil.example", "null"):
        assert browser.get(address, headers=own | {"Origin": origin}).status_code == 403
