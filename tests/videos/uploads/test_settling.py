"""What workers do with direct uploads, and what the sweep tells them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker
from rest_framework.test import APIClient

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.storage import StorageFault
from tests.factories import Account, make_account
from tests.videos.uploads.direct_calls import (
    SMALL,
    begin,
    code,
    complete,
    let_seal,
    names_in,
    open_transfers,
    send_all,
)
from tests.videos.uploads.parts_store import PartsStore
from tests.videos.uploads.test_direct_views import settle, source_of
from videos import layout
from videos.access.models import ApiKey
from videos.access.services import suspend_project
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.uploads import settling
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.settling import NUDGE_AGAIN_AFTER, TRIED_FOR, sweep_direct_uploads

pytestmark = pytest.mark.django_db
SHA256 = hashlib.sha256(SMALL).hexdigest()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    return PartsStore(monkeypatch, media_dir)


@pytest.mark.parametrize("is_sealing", [False, True])
def test_a_file_that_is_not_the_announced_one_is_refused_in_words(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, is_sealing: bool
) -> None:
    if is_sealing:
        let_seal(monkeypatch)
    upload = send_all(api, store=bucket, sha256=SHA256.replace(SHA256[0], "f"))
    assert complete(api, upload).json()["status"] == "verifying"
    assert Video.objects.get().status == "uploading"
    assert settle(upload)
    video = Video.objects.get()
    assert (video.status, video.failure_code, video.source_upload_id) == ("failed", "source_differs", "")
    assert "SHA-256" in video.failure_message
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)
    again = send_all(api, store=bucket, video_id=video.pk, sha256=SHA256.upper())
    complete(api, again)
    assert settle(again)
    assert source_of(Video.objects.get()) == SMALL
    assert Video.objects.get().source_sha256 == SHA256


def test_a_store_that_fails_is_asked_again(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, stub_broker: StubBroker
) -> None:
    upload = send_all(api, store=bucket)
    complete(api, upload)

    def fail(*_args: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    stub_broker.flush_all()
    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "move_within", fail)
        assert not settle(upload)
    assert sweep_direct_uploads() == 0  # a worker was told a moment ago
    later = timezone.now() + NUDGE_AGAIN_AFTER
    assert sweep_direct_uploads(now=later) == 1
    assert sweep_direct_uploads(now=later) == 0
    assert stub_broker.queues["default"].qsize() == 1
    assert settle(upload)
    assert sweep_direct_uploads(now=later + NUDGE_AGAIN_AFTER) == 0


def test_a_copy_that_is_not_whole_is_no_source(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    complete(api, upload)
    with monkeypatch.context() as patched:
        patched.setattr(storage, "size_of", lambda _name: 999)
        assert not settle(upload)
    assert Video.objects.get().status == "uploading"
    assert settle(upload)


def test_a_suspended_project_gets_no_source(api: APIClient, account: Account, bucket: PartsStore) -> None:
    upload = send_all(api, store=bucket)
    complete(api, upload)
    suspend_project(project=account.project)
    assert not settle(upload)
    sweep_direct_uploads()
    assert (names_in(bucket), Upload.objects.get().status) == ([], "aborted")


def test_what_is_given_up_while_it_is_copied_leaves_nothing(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    complete(api, upload)
    move_within = storage_multiparts.move_within

    def be_given_up(name: str, target: str) -> None:
        move_within(name, target)
        assert api.delete(upload["address"]).status_code == 204

    monkeypatch.setattr(storage_multiparts, "move_within", be_given_up)
    assert not settle(upload)
    assert names_in(bucket) == []
    assert Video.objects.get().status == "awaiting_upload"


def test_a_source_that_is_gone_before_it_was_hashed_stays_without(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_seal(monkeypatch)
    upload = send_all(api, store=bucket)
    complete(api, upload)
    video = Video.objects.get()
    storage.delete(layout.source_name(video.project_id, video.pk, video.source_upload_id))
    assert settle(upload)
    assert (Video.objects.get().source_sha256, DirectUpload.objects.get().is_settled) == ("", True)


def test_a_hash_that_is_never_found_is_given_up_after_a_day(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_seal(monkeypatch)
    complete(api, send_all(api, store=bucket))
    assert sweep_direct_uploads(now=timezone.now() + TRIED_FOR + timedelta(minutes=1)) == 0
    assert DirectUpload.objects.get().is_settled
    assert Video.objects.get().status == "processing"


def test_a_deleted_video_needs_no_hash(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_seal(monkeypatch)
    upload = send_all(api, store=bucket)
    complete(api, upload)
    delete_video(video=Video.objects.get())
    assert settle(upload)
    assert Video.objects.get().status == "deleting"


def test_an_upload_that_is_still_sent_is_left_alone(api: APIClient, bucket: PartsStore) -> None:
    upload = begin(api, store=bucket)
    assert not settle(upload)
    assert sweep_direct_uploads() == 0
    assert Upload.objects.get().status == "receiving"


KEY_ENDINGS: list[dict[str, Any]] = [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}]


@pytest.mark.parametrize("change", KEY_ENDINGS, ids=["revoked", "expired"])
def test_an_upload_ends_with_the_key_that_began_it(
    api: APIClient, bucket: PartsStore, change: dict[str, Any]
) -> None:
    send_all(api, store=bucket)
    by_another = send_all(make_account().client(), store=bucket)
    ApiKey.objects.filter(uploads__way="direct").exclude(uploads=by_another["upload_id"]).update(**change)
    assert settling.stop_forbidden(now=timezone.now()) == 1
    assert {row.pk: row.status for row in Upload.objects.all()}[by_another["upload_id"]] == "receiving"
    assert open_transfers(bucket) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    list(zip(KEY_ENDINGS, ["aborted", "receiving"], strict=True)),
    ids=["revoked", "expired"],
)
def test_what_was_completed_before_its_key_expired_still_becomes_a_source(
    api: APIClient, bucket: PartsStore, change: dict[str, Any], status: str
) -> None:
    upload = send_all(api, store=bucket)
    complete(api, upload)
    ApiKey.objects.update(**change)
    settling.stop_forbidden(now=timezone.now())
    assert Upload.objects.get().status == status
    assert settle(upload) == (status == "receiving")


def test_a_file_that_differs_says_so_also_where_an_earlier_one_failed(
    api: APIClient, bucket: PartsStore
) -> None:
    upload = send_all(api, store=bucket, sha256=SHA256.replace(SHA256[0], "f"))
    Video.objects.update(source_upload_id="upl_before", failure_code="source_broken")
    complete(api, upload)
    assert settle(upload)
    assert Video.objects.get().failure_code == "source_broken"
    told = api.get(upload["address"])
    assert code(told) == (410, "upload_expired")
    assert told.json()["ended_code"] == "source_differs"


def test_a_store_that_is_away_when_uploads_are_stopped_is_visited_later(
    api: APIClient, account: Account, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_all(api, store=bucket)
    suspend_project(project=account.project)

    def fail(*_args: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "give_up_parts", fail)
        assert settling.stop_forbidden(now=timezone.now()) == 1
    assert (Upload.objects.get().status, open_transfers(bucket)) == ("aborted", 1)
    assert DirectUpload.objects.get().remove_at is not None
    storage_multiparts.give_up_parts(DirectUpload.objects.get().name, "")
