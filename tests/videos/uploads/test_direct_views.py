"""Uploads straight to the bucket, by a real S3 server: how they go, and what those try who want more than they may."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import storage, storage_multiparts
from tests.bucket import own_bucket
from tests.captured_logs import logging_as
from tests.factories import Account, api_client, make_account
from tests.videos.uploads.direct_calls import (
    ENDPOINT,
    FILE,
    LEAST_PART,
    SMALL,
    begin,
    code,
    complete,
    let_seal,
    names_in,
    open_transfers,
    post,
    put,
    send,
    send_all,
    sign,
)
from tests.videos.uploads.parts_store import PartsStore
from tests.videos.uploads.test_granted_views import SITE
from tests.videos.uploads.tus_calls import created, head
from videos import layout
from videos.access.services import suspend_project
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.uploads.leftovers import remove_leftovers
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.services import release_stale_uploads
from videos.uploads.settling import settle_upload, sweep_direct_uploads

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def bucket(settings: Any) -> Iterator[Any]:
    with own_bucket(settings) as store:
        yield store


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    """A stand-in, for what no bucket has a say in."""
    return PartsStore(monkeypatch, media_dir)


@pytest.fixture
def browser() -> APIClient:
    """A client without a key."""
    return api_client(None)


def settle(upload: dict[str, Any]) -> bool:
    return settle_upload(upload_id=upload["upload_id"], config=django_settings.GILFOYLE)


def address_of(api: APIClient, **wish: Any) -> str:
    answer = api.post("/api/v1/uploads", wish, format="json")
    return "/api/v1" + str(answer.json()["direct_url"]).partition("/api/v1")[2]


def source_of(video: Video) -> bytes:
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id)
    with storage.open_stored(name) as stored:
        return stored.read()


def is_still_taken(address: dict[str, Any], data: bytes = SMALL) -> bool:
    return put(address, data).status_code == 200


@pytest.mark.parametrize("is_sealing", [False, True])
def test_a_file_goes_straight_to_the_bucket(
    api: APIClient, bucket: Any, monkeypatch: pytest.MonkeyPatch, is_sealing: bool
) -> None:
    if is_sealing:
        let_seal(monkeypatch)
    upload = begin(api, FILE, content_type="video/mp4", title="Holiday")
    assert (upload["status"], upload["part_count"]) == ("receiving", 2)
    named = [send(api, upload, number, FILE) for number in (2, 1)]
    done = complete(api, upload, parts=named)
    is_sealing = storage_multiparts.is_sealed_when_joined()
    assert (done.status_code, done.json()["status"]) == (200, "finished" if is_sealing else "verifying")
    assert settle(upload)
    video = Video.objects.get()
    assert (video.title, video.status) == ("Holiday", "processing")
    assert (video.source_size_bytes, video.source_sha256) == (len(FILE), hashlib.sha256(FILE).hexdigest())
    assert Upload.objects.get().sha256 == video.source_sha256
    remove_leftovers()
    assert names_in(bucket) == ["sources/source"]
    assert source_of(video) == FILE
    assert open_transfers(bucket) == 0
    assert not settle(upload)


def test_a_client_that_died_goes_on_where_it_was(api: APIClient, bucket: Any) -> None:
    upload = begin(api, FILE)
    send(api, upload, 2, FILE)
    url = urlsplit(sign(api, upload, 1)["url"])
    with socket.create_connection((str(url.hostname), url.port or 80)) as dying:
        lines = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {LEAST_PART}\r\n\r\n"
        dying.sendall(lines.encode() + FILE[: LEAST_PART // 2])
    seen = api.get(upload["address"]).json()
    assert [part["part_number"] for part in seen["parts"]] == [2]
    assert Upload.objects.get().offset_bytes == 1000
    missing = complete(api, upload)
    assert code(missing) == (409, "upload_parts_missing")
    assert "1 of 2 parts are not there, or not whole: 1." in missing.json()["title"]
    send(api, upload, 1, FILE)
    assert [part["size_bytes"] for part in api.get(upload["address"]).json()["parts"]] == [LEAST_PART, 1000]
    assert complete(api, upload).status_code == 200
    assert settle(upload)
    assert source_of(Video.objects.get()) == FILE


TAMPERED: list[tuple[str, bytes, dict[str, str]]] = [
    ("more bytes", SMALL + b"x", {}),
    ("fewer bytes", SMALL[:-1], {}),
    ("another part", SMALL, {"partNumber=1": "partNumber=2"}),
    ("another object", SMALL, {"?uploadId=": "-x?uploadId="}),
    ("another transfer", SMALL, {"uploadId=": "uploadId=x"}),
    ("no signature", SMALL, {"X-Amz-Signature=": "x="}),
    ("a longer life", SMALL, {"X-Amz-Expires=900": "X-Amz-Expires=90000"}),
    ("an unsigned length", SMALL, {"SignedHeaders=content-length%3Bhost": "SignedHeaders=host"}),
]


def test_what_is_signed_is_what_is_taken(api: APIClient, bucket: Any) -> None:
    upload = begin(api)
    address = sign(api, upload)
    for name, data, changes in TAMPERED:
        assert put(address, data, **changes).status_code in {400, 403, 404}, name
    assert api.get(upload["address"]).json()["parts"] == []
    assert names_in(bucket) == []
    assert is_still_taken(address)
    for method in ("GET", "DELETE", "POST"):
        assert httpx.request(method, address["url"]).status_code >= 400
    assert len(api.get(upload["address"]).json()["parts"]) == 1


def test_a_part_with_its_hash_is_that_part(api: APIClient, bucket: Any) -> None:
    upload = begin(api)
    address = sign(api, upload, md5=hashlib.md5(SMALL, usedforsecurity=False).hexdigest())
    assert list(address["headers"]) == ["Content-MD5"]
    assert put(address, b"x" * 1000).status_code == 400
    assert put({**address, "headers": {}}, SMALL).status_code == 403
    assert is_still_taken(address)


def test_an_old_signature_opens_nothing(api: APIClient, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth  # noqa: PLC0415 - one use

    upload = begin(api)
    before = botocore.auth.get_current_datetime()
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: before - timedelta(hours=1))
    assert not is_still_taken(sign(api, upload))
    monkeypatch.undo()
    assert is_still_taken(sign(api, upload))


def test_no_address_outlives_the_permission(api: APIClient, browser: APIClient, parts: PartsStore) -> None:
    address = address_of(api, ttl_s=60)
    expires_at = UploadGrant.objects.get().expires_at
    signed = sign(browser, begin(browser, address=address, store=parts))
    assert signed["expires_at"] <= expires_at.isoformat().replace("+00:00", "Z")
    assert 0 < parts.ttl_s <= 60


@pytest.mark.parametrize("step", ["look", "complete"])
def test_more_than_was_announced_is_removed(api: APIClient, bucket: Any, step: str) -> None:
    """A store that does not hold its clients to the length would have taken it."""
    upload = begin(api)
    address = sign(api, upload)
    row = Upload.objects.select_related("direct").get()
    send_unsigned(bucket, row, 1, SMALL + b"x")
    answer = complete(api, upload) if step == "complete" else api.get(upload["address"])
    assert code(answer) == (422, "upload_parts_too_large")
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)
    assert Video.objects.get().status == "awaiting_upload"
    assert not is_still_taken(address)
    assert code(complete(api, upload)) == (410, "upload_expired")


def test_a_part_beyond_the_last_is_removed(api: APIClient, bucket: Any) -> None:
    upload = send_all(api)
    send_unsigned(bucket, Upload.objects.select_related("direct").get(), 2, b"more")
    assert code(complete(api, upload)) == (422, "upload_parts_too_large")
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)


def send_unsigned(bucket: Any, upload: Upload, number: int, data: bytes) -> None:
    """Send a part with the bucket's own credentials."""
    target = bucket.bucket.Object(f"{bucket.location}/{upload.direct.name}")
    target.MultipartUpload(upload.direct.store_id).Part(number).upload(Body=data)


def test_parts_that_were_not_seen_are_not_put_together(api: APIClient, bucket: Any) -> None:
    upload = begin(api)
    seen = send(api, upload)
    assert is_still_taken(sign(api, upload), b"y" * 1000)  # somebody else with the same address
    assert code(complete(api, upload, parts=[seen])) == (409, "upload_parts_changed")
    again = send(api, upload)
    assert complete(api, upload, parts=[again]).status_code == 200


def test_a_second_complete_changes_nothing_and_giving_up_comes_too_late(api: APIClient, bucket: Any) -> None:
    upload = send_all(api)
    address = sign(api, upload)
    told = [complete(api, upload).json()["status"] for _ in range(2)]
    assert told[0] == told[1]
    assert settle(upload)
    assert complete(api, upload).json()["status"] == "finished"
    assert api.get(upload["address"]).json()["parts"] == []
    assert code(post(api, upload["address"] + "/parts", {"parts": [{"part_number": 1}]})) == (
        409,
        "upload_complete",
    )
    put(address, b"y" * 1000)  # this store takes it: it must not be the source's any more
    remove_leftovers()
    assert not is_still_taken(address)
    assert api.delete(upload["address"]).status_code == 204
    assert code(complete(api, upload)) == (410, "upload_expired")
    video = Video.objects.get()
    assert (video.status, source_of(video)) == ("processing", SMALL)


def test_what_is_given_up_is_gone(api: APIClient, bucket: Any) -> None:
    upload = send_all(api)
    address = sign(api, upload)
    assert api.delete(upload["address"]).status_code == 204
    assert open_transfers(bucket) == 0
    assert not is_still_taken(address)
    assert code(complete(api, upload)) == (410, "upload_expired")
    assert Video.objects.get().status == "awaiting_upload"


def test_a_new_upload_to_the_same_video_takes_its_place(
    api: APIClient, browser: APIClient, parts: PartsStore
) -> None:
    place = address_of(api)
    first = send_all(browser, address=place, store=parts)
    second = begin(browser, address=place, store=parts)
    assert code(complete(browser, first)) == (410, "upload_expired")
    send(browser, second)
    assert complete(browser, second).status_code == 200


ENDINGS: list[tuple[str, Callable[[Account], object], int, str]] = [
    ("suspended", lambda a: suspend_project(project=a.project), 403, "project_suspended"),
    ("deleted", lambda _: delete_video(video=Video.objects.get()), 403, "upload_grant_invalid"),
    ("expired", lambda _: _let_expire(), 410, "upload_grant_expired"),
]


def _let_expire() -> None:
    UploadGrant.objects.update(expires_at=timezone.now())
    Upload.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("change", "status", "expected"), [one[1:] for one in ENDINGS], ids=[one[0] for one in ENDINGS]
)
def test_what_ends_an_address_ends_its_upload_in_the_store_too(
    api: APIClient,
    browser: APIClient,
    bucket: Any,
    account: Account,
    django_capture_on_commit_callbacks: Any,
    change: Callable[[Account], object],
    status: int,
    expected: str,
) -> None:
    place = address_of(api, allowed_origins=[SITE])
    upload = send_all(browser, address=place)
    address = sign(browser, upload)
    with django_capture_on_commit_callbacks(execute=True):
        change(account)
    for answer in (
        post(browser, place, {"size_bytes": 5}, Origin=SITE),
        post(browser, upload["address"] + "/parts", {"parts": [{"part_number": 1}]}, Origin=SITE),
        post(browser, upload["address"] + "/complete", Origin=SITE),
        browser.get(upload["address"], headers={"Origin": SITE}),
        browser.delete(upload["address"], headers={"Origin": SITE}),
    ):
        assert code(answer) == (status, expected)
        assert answer["Access-Control-Allow-Origin"] == SITE  # the page may read why
    sweep_direct_uploads()
    release_stale_uploads()
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)
    assert not is_still_taken(address)
    assert Upload.objects.get().status == "aborted"
    assert Video.objects.get().status in {"awaiting_upload", "deleting"}


def test_with_a_key_a_suspended_project_completes_nothing(
    api: APIClient, account: Account, bucket: Any
) -> None:
    upload = send_all(api)
    suspend_project(project=account.project)
    assert code(complete(api, upload)) == (403, "project_suspended")
    assert Upload.objects.get().status == "receiving"
    sweep_direct_uploads()
    assert (Upload.objects.get().status, open_transfers(bucket)) == ("aborted", 0)


def test_an_upload_of_another_project_or_address_does_not_exist(
    api: APIClient, browser: APIClient, parts: PartsStore
) -> None:
    upload = send_all(api, store=parts)
    foreign, place = make_account().client(), address_of(api)
    for client, there in ((foreign, upload["address"]), (browser, f"{place}/{upload['upload_id']}")):
        for answer in (
            client.get(there),
            client.delete(there),
            post(client, there + "/parts", {"parts": [{"part_number": 1}]}),
            post(client, there + "/complete"),
        ):
            assert code(answer) == (404, "upload_not_found")
    assert complete(api, upload).status_code == 200


def test_each_protocol_has_its_own_uploads(api: APIClient, parts: PartsStore) -> None:
    direct = begin(api, store=parts)
    assert head(api, f"/api/v1/uploads/tus/{direct['upload_id']}").status_code == 404
    tus_id = created(api, 5).rpartition("/")[2]
    assert code(api.get(f"{ENDPOINT}/{tus_id}")) == (404, "upload_not_found")


def test_a_file_that_is_too_large_or_badly_cut_is_refused(
    api: APIClient, browser: APIClient, parts: PartsStore
) -> None:
    place = address_of(api, max_size_bytes=1000)
    assert code(post(browser, place, {"size_bytes": 1001})) == (413, "source_too_large")
    for body in (
        {"size_bytes": 2 * LEAST_PART, "part_size_bytes": LEAST_PART - 1},
        {"size_bytes": 40_000 * LEAST_PART, "part_size_bytes": LEAST_PART},
    ):
        assert code(post(api, ENDPOINT, body))[1] in {"upload_part_invalid", "source_too_large"}
    upload = begin(api, store=parts)
    for number in (2, 10_000):
        refused = post(api, upload["address"] + "/parts", {"parts": [{"part_number": number}]})
        assert code(refused) == (422, "upload_part_invalid")
    for wrong in ({}, {"size_bytes": 0}, {"size_bytes": 5, "sha256": "x"}, {"size_bytes": 5, "key": "x"}):
        assert code(post(api, ENDPOINT, wrong))[0] == 400
    assert Upload.objects.count() == 1


def test_pages_of_the_allowed_origins_may_and_no_others(
    api: APIClient, browser: APIClient, parts: PartsStore
) -> None:
    place = address_of(api, allowed_origins=[SITE])
    upload = begin(browser, address=place, store=parts)
    for target in (place, upload["address"], upload["address"] + "/parts", upload["address"] + "/complete"):
        asked = browser.options(target, headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
        assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, SITE)
        assert asked["Access-Control-Allow-Methods"] == "OPTIONS, GET, POST, DELETE"
        other = browser.options(target, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other
    refused = browser.get(upload["address"], headers={"Origin": "https://evil.example"})
    assert code(refused) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in refused
    seen = browser.get(upload["address"], headers={"Origin": SITE})
    assert (seen["Access-Control-Allow-Origin"], seen["Cache-Control"]) == (SITE, "no-store")
    assert seen["Referrer-Policy"] == "no-referrer"


def test_where_there_is_no_bucket_it_says_what_to_do_instead(api: APIClient, settings: Any) -> None:
    answer = post(api, ENDPOINT, {"size_bytes": 5})
    assert code(answer) == (409, "direct_upload_unavailable")
    assert "tus" in answer.json()["hint"]
    assert api.post("/api/v1/uploads", {}, format="json").json()["direct_url"] is None


def test_neither_addresses_nor_signatures_are_logged(
    api: APIClient, browser: APIClient, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = address_of(api)
    with logging_as("console", level="debug") as written:
        upload = send_all(browser, address=place)
        signed = sign(browser, upload)
        complete(browser, upload)
        settle(upload)
        browser.get(place + "/x")
        storage_log(signed["url"])
    assert "source_received" in written.getvalue()
    assert place.rpartition(".")[2] not in written.getvalue()
    assert signed["url"].partition("X-Amz-Signature=")[2][:64] not in written.getvalue()


def storage_log(url: str) -> None:
    """Log an address as a library might."""
    import logging  # noqa: PLC0415 - one use

    logging.getLogger("urllib3").warning("retrying %s", url)


def test_progress_is_seen_by_who_gave_the_address(
    api: APIClient, browser: APIClient, parts: PartsStore
) -> None:
    place = address_of(api)
    grant = UploadGrant.objects.get()
    upload = begin(browser, FILE, address=place, store=parts)
    send(browser, upload, 1, FILE)
    browser.get(upload["address"])
    seen = api.get(f"/api/v1/uploads/{grant.pk}").json()
    assert (seen["status"], seen["offset_bytes"], seen["length_bytes"]) == (
        "receiving",
        LEAST_PART,
        len(FILE),
    )
