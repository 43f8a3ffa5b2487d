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
from tests.factories import Account, make_api_key
from tests.limited import limited_account
from tests.videos.uploads.direct_calls import names_in, open_transfers
from tests.videos.uploads.parts_store import PartsStore
from videos.access.models import ApiKey, Project
from videos.catalog.models import Video
from videos.catalog.services import create_video, delete_video
from videos.errors import QuotaExceeded, UploadInProgress, VideoNotFound
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
from videos.uploads.granting import GrantWish, create_grant
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.permits import Permit, permit_of_grant, permit_of_key

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
    assert Video.objects.get().status == "deleting"  # nobody knows of it
    named = create_video(project=Project.objects.get(), fields={})
    for asked, wish in (
        (permit, DirectWish(5, video_id=named.pk)),
        (replace(permit, video_id=named.pk), DirectWish(5)),
    ):
        with pytest.raises(StorageFault):
            begin_direct(permit=asked, wish=wish, config=django_settings.GILFOYLE)
        named.refresh_from_db()
        assert named.status == "awaiting_upload"
    assert {upload.status for upload in Upload.objects.all()} == {"aborted"}


@pytest.mark.parametrize("title", ["\U0001f468\u200d\U0001f469", "Caf\u00e9\u00a0noir", "x" * 255])
def test_a_title_may_have_what_any_video_s_may(permit: Permit, bucket: PartsStore, title: str) -> None:
    begin_direct(permit=permit, wish=DirectWish(5, title=title), config=django_settings.GILFOYLE)
    assert Video.objects.get().title == title


@pytest.mark.parametrize("video_id", ["vid_of_nobody", "vid\u200d", ""])
def test_a_video_that_is_not_there_is_not_found(permit: Permit, bucket: PartsStore, video_id: str) -> None:
    with pytest.raises(VideoNotFound):
        begin_direct(permit=permit, wish=DirectWish(5, video_id=video_id), config=django_settings.GILFOYLE)


def test_no_address_of_a_part_outlives_the_key(permit: Permit, bucket: PartsStore) -> None:
    upload_id = begin(permit).upload_id or ""
    ends_at = timezone.now() + timedelta(seconds=60)
    ApiKey.objects.update(expires_at=ends_at)
    config = django_settings.GILFOYLE
    (address,) = sign_parts(permit=permit, upload_id=upload_id, wanted=[WantedPart(1)], config=config)
    assert address.expires_at <= ends_at
    assert 0 < bucket.ttl_s <= 60


@pytest.mark.parametrize("is_by_address", [False, True])
def test_nobody_else_s_upload_takes_the_place_of_one_that_goes_on(
    account: Account, permit: Permit, bucket: PartsStore, is_by_address: bool
) -> None:
    config = django_settings.GILFOYLE
    video = create_video(project=account.project, fields={})
    other_key, _ = make_api_key(account.project)
    if is_by_address:
        wish = GrantWish(video_id=video.pk)
        mine = permit_of_grant(create_grant(key=account.key, wish=wish, config=config), config)
    else:
        mine = replace(permit, video_id=video.pk)
    theirs = replace(permit_of_key(other_key, config), video_id=video.pk)
    first = begin(mine)
    long_ago = timezone.now() - timedelta(seconds=config.storage.s3.direct_url_ttl_s + 1)
    DirectUpload.objects.update(active_at=long_ago)
    sign_parts(permit=mine, upload_id=first.upload_id or "", wanted=[WantedPart(1)], config=config)
    with pytest.raises(UploadInProgress):
        begin(theirs)
    DirectUpload.objects.update(active_at=long_ago)
    list_sent_parts(permit=mine, upload_id=first.upload_id or "", config=config)
    with pytest.raises(UploadInProgress):
        begin(theirs)
    second = begin(mine)  # its own client may have lost it
    assert Upload.objects.get(pk=first.upload_id).status == "aborted"
    DirectUpload.objects.update(active_at=long_ago)
    assert begin(theirs).upload is not None  # nobody goes on with it
    assert Upload.objects.get(pk=second.upload_id).status == "aborted"


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
