"""Requests for one direct upload that overtake each other: whatever one read before another was through destroys nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import storage_multiparts
from gilfoyle.lib.storage import StorageFault
from tests.factories import api_client
from tests.videos.uploads.direct_calls import SMALL, code, complete, let_seal, post, send, send_all, sign
from tests.videos.uploads.parts_store import PartsStore
from tests.videos.uploads.test_direct_views import address_of, settle, source_of
from videos.catalog.models import Video
from videos.uploads import direct as direct_module
from videos.uploads import joining
from videos.uploads.models import DirectUpload, Upload, UploadGrant
from videos.uploads.services import release_stale_uploads
from videos.uploads.settling import sweep_direct_uploads

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    return PartsStore(monkeypatch, media_dir)


@pytest.fixture
def browser() -> APIClient:
    """A client without a key."""
    return api_client(None)


def first_do(
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    other: Callable[[], object],
    *,
    behind: bool = False,
) -> None:
    """Let another request come through just before (or behind) a step of the next one."""
    step = getattr(where, name)

    def overtaken(*args: Any, **rest: Any) -> Any:
        monkeypatch.setattr(where, name, step)
        if not behind:
            other()
        found = step(*args, **rest)
        if behind:
            other()
        return found

    monkeypatch.setattr(where, name, overtaken)


@pytest.mark.parametrize("is_sealing", [False, True])
def test_who_looks_while_the_parts_are_put_together_destroys_nothing(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, is_sealing: bool
) -> None:
    if is_sealing:
        let_seal(monkeypatch)
    upload = send_all(api, store=bucket)
    first_do(monkeypatch, storage_multiparts, "list_parts", lambda: complete(api, upload))
    seen = api.get(upload["address"])
    assert (seen.status_code, seen.json()["parts"]) == (200, [])
    assert seen.json()["status"] == ("finished" if is_sealing else "verifying")
    assert settle(upload)
    assert source_of(Video.objects.get()) == SMALL


def test_who_looks_between_joined_and_recorded_destroys_nothing(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)

    def die(*_args: Any, **_rest: Any) -> None:
        message = "The process died."
        raise StorageFault(message)

    def be_cut() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(joining, "_record_stored", die)
            assert complete(api, upload).status_code == 503

    first_do(monkeypatch, storage_multiparts, "list_parts", be_cut)
    assert api.get(upload["address"]).json()["status"] == "receiving"
    assert settle(upload)
    assert source_of(Video.objects.get()) == SMALL


def test_who_looked_before_does_not_set_back_what_is_stored(
    api: APIClient, browser: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(browser, address=address_of(api, ttl_s=60), store=bucket)
    first_do(monkeypatch, storage_multiparts, "list_parts", lambda: complete(browser, upload), behind=True)
    seen = browser.get(upload["address"])
    assert (seen.status_code, seen.json()["status"], seen.json()["parts"]) == (200, "verifying", [])
    row = Upload.objects.get()
    assert row.offset_bytes == row.length_bytes
    assert row.lease_expires_at > UploadGrant.objects.get().expires_at + timedelta(hours=1)


def test_nothing_is_signed_for_what_was_put_together_meanwhile(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    first_do(monkeypatch, direct_module, "plan_of", lambda: complete(api, upload))
    refused = post(api, upload["address"] + "/parts", {"parts": [{"part_number": 1}]})
    assert code(refused) == (409, "upload_complete")


def test_an_address_that_expires_while_the_parts_are_put_together_loses_nothing(
    api: APIClient, browser: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(browser, address=address_of(api), store=bucket)

    def expire() -> None:
        UploadGrant.objects.update(expires_at=timezone.now())
        Upload.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert release_stale_uploads() == 0
        sweep_direct_uploads()

    first_do(monkeypatch, storage_multiparts, "join_parts", expire, behind=True)
    assert complete(browser, upload).status_code == 200
    assert settle(upload)
    assert source_of(Video.objects.get()) == SMALL


@pytest.mark.parametrize("writer", ["", "dead"])
def test_a_direct_upload_that_nobody_is_at_is_released(
    api: APIClient, bucket: PartsStore, writer: str
) -> None:
    send_all(api, store=bucket)
    past = timezone.now() - timedelta(seconds=1)
    Upload.objects.update(lease_expires_at=past, writer=writer, writer_expires_at=past if writer else None)
    assert release_stale_uploads() == 1


def test_parts_that_were_not_compared_with_the_named_ones_are_not_put_together_by_a_worker(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    seen = send(api, upload)
    bucket.take(sign(api, upload)["url"], b"y" * 1000)  # somebody else with the same address

    def fail(_parts: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "list_parts", fail)
        assert complete(api, upload, parts=[seen]).status_code == 503
    assert not settle(upload)
    assert not DirectUpload.objects.get().is_stored
    assert code(complete(api, upload, parts=[seen])) == (409, "upload_parts_changed")


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_worker_that_goes_on_puts_together_what_the_client_named_and_nothing_else(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, is_changed: bool
) -> None:
    upload = send_all(api, store=bucket)
    seen = send(api, upload)

    def fail(*_args: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "join_parts", fail)
        assert complete(api, upload, parts=[seen]).status_code == 503
    if is_changed:
        bucket.take(sign(api, upload)["url"], b"y" * 1000)  # somebody else with the same address
    assert settle(upload) is not is_changed
    row = DirectUpload.objects.get()
    assert (row.is_stored, row.is_joining) == (not is_changed, not is_changed)
    assert complete(api, upload, parts=[seen]).status_code == (409 if is_changed else 200)


def test_an_address_that_expires_after_the_process_died_loses_nothing(
    api: APIClient, browser: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(browser, address=address_of(api, ttl_s=60), store=bucket)

    def die(*_args: Any) -> None:
        message = "The process died."
        raise StorageFault(message)

    with monkeypatch.context() as patched:
        patched.setattr(joining, "_record_stored", die)
        assert complete(browser, upload).status_code == 503
    UploadGrant.objects.update(expires_at=timezone.now())
    assert release_stale_uploads(now=timezone.now() + timedelta(seconds=61)) == 0
    assert settle(upload)
    assert source_of(Video.objects.get()) == SMALL


@pytest.mark.parametrize("is_sealing", [False, True])
def test_a_second_complete_that_began_before_the_first_was_through_answers_the_same(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, is_sealing: bool
) -> None:
    if is_sealing:
        let_seal(monkeypatch)
    upload = send_all(api, store=bucket)
    first: list[Any] = []

    def come_through() -> None:
        first.append(complete(api, upload).json())
        if not is_sealing:
            settle(upload)

    first_do(monkeypatch, joining, "require_still_good", come_through)
    second = complete(api, upload)
    assert second.status_code == 200
    assert (first[0]["status"], second.json()["status"]) == (
        ("finished" if is_sealing else "verifying"),
        "finished",
    )
    assert Video.objects.get().status == "processing"


def test_a_worker_asks_anew_whether_there_is_something_to_join(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    DirectUpload.objects.update(is_joining=True)
    wrong = [{"part_number": 1, "etag": "another"}]
    first_do(monkeypatch, joining.Pen, "take", lambda: complete(api, upload, parts=wrong))
    assert not settle(upload)
    assert not DirectUpload.objects.get().is_stored
