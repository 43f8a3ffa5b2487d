"""Parts become a source, also when the process dies in between; the rest is in test_direct_views.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage import StorageFault
from tests.videos.uploads.direct_calls import (
    SMALL,
    code,
    complete,
    let_seal,
    names_in,
    open_transfers,
    send,
    send_all,
)
from tests.videos.uploads.parts_store import PartsStore
from tests.videos.uploads.test_direct_views import settle, source_of
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.uploads import joining
from videos.uploads.joining import Pen
from videos.uploads.models import DirectUpload, Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    store = PartsStore(monkeypatch, media_dir)
    let_seal(monkeypatch)
    return store


@pytest.mark.parametrize("step", ["before", "between", "behind"])
def test_whoever_comes_next_ends_what_was_begun(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_args: Any, **_rest: Any) -> None:
        message = "The process died."
        raise StorageFault(message)

    upload = send_all(api, store=bucket)
    where = {"before": (storage_multiparts, "join_parts"), "between": (joining, "_record_stored")}
    with monkeypatch.context() as patched:
        patched.setattr(*where.get(step, (joining, "_accept")), die)
        assert complete(api, upload).status_code == 503
    assert Upload.objects.get().status == "receiving"
    assert settle(upload)
    assert source_of(Video.objects.get()) == SMALL


def test_two_that_complete_at_once_make_one_source(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, told = send_all(api, store=bucket), []
    join_parts = storage_multiparts.join_parts

    def meet_another(parts: Any, stored: Any) -> None:
        told.append(code(complete(api, upload)))
        join_parts(parts, stored)

    monkeypatch.setattr(storage_multiparts, "join_parts", meet_another)
    assert complete(api, upload).json()["status"] == "finished"
    assert told == [(409, "upload_in_progress")]


def test_a_part_that_changes_at_the_last_moment_is_not_put_together(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    list_parts = storage_multiparts.list_parts

    def be_changed(parts: Any) -> Any:
        found = list_parts(parts)
        send(api, upload, data=b"z" * 1000)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "list_parts", be_changed)
        assert code(complete(api, upload)) == (409, "upload_parts_changed")
    assert not DirectUpload.objects.get().is_joining
    assert complete(api, upload).status_code == 200
    assert source_of(Video.objects.get()) == b"z" * 1000


def test_an_object_of_another_size_is_removed(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send_all(api, store=bucket)
    monkeypatch.setattr(storage, "size_of", lambda _name: 1001)
    assert code(complete(api, upload)) == (422, "upload_parts_too_large")
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)
    assert Video.objects.get().status == "awaiting_upload"


@pytest.mark.parametrize("step", ["join_parts", "_accept"])
def test_a_video_that_is_deleted_meanwhile_gets_no_source(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    upload = send_all(api, store=bucket)
    where = storage_multiparts if step == "join_parts" else joining
    carry_on = getattr(where, step)

    def be_deleted(*args: Any) -> None:
        delete_video(video=Video.objects.get())
        carry_on(*args)

    monkeypatch.setattr(where, step, be_deleted)
    assert code(complete(api, upload)) == (409, "upload_ended")
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)
    assert Upload.objects.get().status == "aborted"


def test_what_is_lost_in_the_store_has_expired(api: APIClient, bucket: PartsStore) -> None:
    upload = send_all(api, store=bucket)
    direct = DirectUpload.objects.get()
    storage_multiparts.give_up_parts(direct.name, direct.store_id)
    assert code(complete(api, upload)) == (410, "upload_expired")
    assert Video.objects.get().status == "awaiting_upload"


def test_one_has_the_pen_at_a_time(api: APIClient, bucket: PartsStore) -> None:
    upload = send_all(api, store=bucket)
    one, other = (Pen(upload["upload_id"], lease_s=60) for _ in range(2))
    assert one.take()
    assert not other.take()
    assert (one.renew(), other.renew()) == (True, False)
    one.let_go()
    assert other.take()
    Upload.objects.update(status="aborted")
    assert not other.renew()
    assert not Pen(random_text(22), lease_s=60).take()
