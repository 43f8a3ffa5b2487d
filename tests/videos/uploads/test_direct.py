"""How direct uploads begin, and what happens when that fails half-way; the rest is in test_direct_views.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from gilfoyle.lib import storage_multiparts
from gilfoyle.lib.storage import StorageFault
from gilfoyle.lib.storage_multiparts import Parts
from tests.factories import Account
from tests.limited import limited_account
from tests.videos.uploads.direct_calls import names_in, open_transfers
from tests.videos.uploads.parts_store import PartsStore
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.errors import QuotaExceeded
from videos.uploads.direct import (
    DirectWish,
    WantedPart,
    begin_direct,
    end_direct,
    find_direct,
    is_direct_possible,
    list_sent_parts,
    sign_parts,
)
from videos.uploads.errors import DirectUploadUnavailable, UploadExpired
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.permits import Permit, permit_of_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    return PartsStore(monkeypatch, media_dir)


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_key(account.key, django_settings.GILFOYLE)


def begin(permit: Permit, size_bytes: int = 5) -> DirectUpload:
    return begin_direct(permit=permit, wish=DirectWish(size_bytes), config=django_settings.GILFOYLE)


def test_an_operator_may_switch_it_off(permit: Permit, bucket: PartsStore, settings: Any) -> None:
    assert is_direct_possible(settings.GILFOYLE)
    off = settings.GILFOYLE.storage.s3.model_copy(update={"direct_uploads": False})
    stored = settings.GILFOYLE.storage.model_copy(update={"s3": off})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": stored})
    assert not is_direct_possible(settings.GILFOYLE)
    with pytest.raises(DirectUploadUnavailable):
        begin(permit)


def test_a_store_that_fails_leaves_the_video_as_it_was(
    permit: Permit, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str, **_rest: Any) -> Parts:
        message = "The store is away."
        raise StorageFault(message)

    monkeypatch.setattr(storage_multiparts, "begin_parts", fail)
    with pytest.raises(StorageFault):
        begin(permit)
    assert Video.objects.get().status == "awaiting_upload"
    assert Upload.objects.get().status == "aborted"


def test_an_upload_that_is_given_up_while_it_begins_leaves_nothing(
    permit: Permit, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_parts = storage_multiparts.begin_parts

    def be_deleted(name: str, *, content_type: str) -> Parts:
        delete_video(video=Video.objects.get())
        return begin_parts(name, content_type=content_type)

    monkeypatch.setattr(storage_multiparts, "begin_parts", be_deleted)
    with pytest.raises(UploadExpired):
        begin(permit)
    assert (names_in(bucket), open_transfers(bucket)) == ([], 0)


def test_signing_and_looking_keep_it_open_but_no_longer_than_its_permit(
    permit: Permit, bucket: PartsStore
) -> None:
    config = django_settings.GILFOYLE
    upload = begin(permit).upload
    assert upload is not None
    until = timezone.now() + timedelta(seconds=90)
    limited = replace(permit, expires_at=until)
    (address,) = sign_parts(permit=limited, upload_id=upload.pk, wanted=[WantedPart(1)], config=config)
    assert (Upload.objects.get().lease_expires_at, address.size_bytes) == (until, 5)
    assert address.expires_at <= until
    list_sent_parts(permit=permit, upload_id=upload.pk, config=config)
    assert Upload.objects.get().lease_expires_at > until
    end_direct(permit=permit, upload_id=upload.pk)


def test_what_the_bucket_s_own_rules_removed_has_expired(permit: Permit, bucket: PartsStore) -> None:
    direct = begin(permit)
    storage_multiparts.give_up_parts(direct.name, direct.store_id)
    for _ in range(2):
        with pytest.raises(UploadExpired):
            list_sent_parts(permit=permit, upload_id=direct.upload_id or "", config=django_settings.GILFOYLE)
    assert Video.objects.get().status == "awaiting_upload"


def test_one_that_never_began_in_the_store_can_t_be_gone_on_with(permit: Permit, bucket: PartsStore) -> None:
    direct = begin(permit)
    storage_multiparts.give_up_parts(direct.name, direct.store_id)
    DirectUpload.objects.update(store_id="")
    with pytest.raises(UploadExpired):
        find_direct(permit=permit, upload_id=direct.upload_id or "")


def test_the_whole_size_counts_for_the_quota_until_it_is_given_up(bucket: PartsStore) -> None:
    account = limited_account(max_stored_bytes=100)
    permit = permit_of_key(account.key, django_settings.GILFOYLE)
    first = begin(permit, 60)
    with pytest.raises(QuotaExceeded):
        begin(permit, 41)
    assert len(bucket.transfers) == 1
    end_direct(permit=permit, upload_id=first.upload_id or "")
    assert begin(permit, 100).upload is not None
