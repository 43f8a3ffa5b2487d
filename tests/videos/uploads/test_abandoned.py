"""What is all there is kept until it is a source; what is not goes when nobody comes back to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.storage import StorageFault
from tests.factories import Account
from tests.videos.uploads.test_finishing import break_finishing, final, part, sources
from tests.videos.uploads.test_resumable import append, create, status_of
from tests.videos.uploads.tus_calls import metadata
from videos.errors import UploadInProgress
from videos.uploads import finishing
from videos.uploads.finishing import finish_left_uploads
from videos.uploads.models import Upload
from videos.uploads.permits import Permit, permit_of_key
from videos.uploads.resumable import find_upload
from videos.uploads.services import receive_source, release_stale_uploads

pytestmark = pytest.mark.django_db


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_key(account.key, settings.GILFOYLE)


def break_storing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    monkeypatch.setattr(finishing, "store_source", fail)


@pytest.mark.parametrize("is_by_address", [True, False])
def test_what_is_all_there_outlives_its_address_and_any_time_without_its_store(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch, is_by_address: bool
) -> None:
    ends_at = timezone.now() + timedelta(minutes=1)
    ending = replace(permit, expires_at=ends_at) if is_by_address else permit
    upload = create(ending)
    break_finishing(monkeypatch)
    with pytest.raises(StorageFault):
        append(ending, upload, b"abcdef")
    assert Upload.objects.get().lease_expires_at > timezone.now() + timedelta(hours=23)
    assert release_stale_uploads(now=timezone.now() + timedelta(days=30)) == 0
    long_ago = timezone.now() - timedelta(days=3)  # since when every machine was off
    Upload.objects.update(lease_expires_at=long_ago, writer_expires_at=long_ago)
    assert release_stale_uploads() == 0
    assert find_upload(permit=ending, upload_id=upload.pk).offset_bytes == 6
    assert finish_left_uploads(config=settings.GILFOYLE) == 0
    assert Upload.objects.get().lease_expires_at > timezone.now() + timedelta(hours=23)
    Upload.objects.update(lease_expires_at=long_ago, writer_expires_at=long_ago)
    monkeypatch.undo()
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    assert (status_of(upload), sources(media_dir)) == ("processing", [b"abcdef"])


def test_nobody_but_the_sweep_takes_the_place_of_what_is_all_there(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = part(permit, b"abc"), part(permit, b"def")
    break_storing(monkeypatch)
    with pytest.raises(StorageFault):
        final(permit, one, two)
    (whole,) = Upload.objects.filter(kind="final").select_related("video")
    long_ago = timezone.now() - timedelta(days=3)
    Upload.objects.update(lease_expires_at=long_ago, writer_expires_at=long_ago)
    assert release_stale_uploads() == 0
    assert find_upload(permit=permit, upload_id=whole.pk).pk == whole.pk
    assert whole.video is not None
    with pytest.raises(UploadInProgress):
        create(permit, Upload_Metadata=metadata(video_id=whole.video.pk))
    with pytest.raises(UploadInProgress):
        receive_source(video=whole.video, length_bytes=3, read=BytesIO(b"new").read, config=settings.GILFOYLE)
    monkeypatch.undo()
    assert finish_left_uploads(config=settings.GILFOYLE) == 1
    assert (status_of(whole), sources(media_dir)) == ("processing", [b"abcdef"])


def test_a_file_whose_parts_never_come_expires_with_them(permit: Permit, media_dir: Path) -> None:
    one, late = part(permit, b"abc"), create(permit, 6, Upload_Concat="partial")
    whole = final(permit, one, late)
    Upload.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    Upload.objects.filter(pk=late.pk).update(
        writer="somebody", writer_expires_at=timezone.now() + timedelta(minutes=1)
    )
    assert release_stale_uploads() == 2  # not the one that somebody is writing at this moment
    whole.refresh_from_db()
    late.refresh_from_db()
    assert (whole.status, late.status) == ("aborted", "receiving")
