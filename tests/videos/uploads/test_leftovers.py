from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.storage import StorageFault
from tests.videos.uploads.direct_calls import complete, let_seal, names_in, open_transfers, send_all
from tests.videos.uploads.parts_store import PartsStore
from videos.catalog.models import Video
from videos.uploads.leftovers import FIRST_AFTER, ONCE_MORE_AFTER, remove_leftovers
from videos.uploads.models import DirectUpload, Upload
from videos.uploads.services import abort_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, media_dir: Path) -> PartsStore:
    return PartsStore(monkeypatch, media_dir)


def test_the_bucket_is_looked_at_twice_and_again_where_it_fails(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_all(api, store=bucket)
    abort_upload(upload=Upload.objects.get(), why="stopped")  # and then the process dies
    assert remove_leftovers() == 0
    now = timezone.now() + FIRST_AFTER

    def fail(*_args: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as patched:
        patched.setattr(storage_multiparts, "give_up_parts", fail)
        assert remove_leftovers(now=now) == 0
    assert open_transfers(bucket) == 1
    assert remove_leftovers(now=now + FIRST_AFTER) == 1
    assert open_transfers(bucket) == 0
    direct = DirectUpload.objects.select_related("upload__video").get()
    late = f"sources/{direct.upload.project_id}/{direct.upload.video_id}/{direct.upload_id}/source"  # type: ignore[union-attr]  # it has one
    storage.save_bytes(late, b"late")  # of a process that slept
    assert remove_leftovers(now=now + ONCE_MORE_AFTER) == 0
    assert remove_leftovers(now=now + ONCE_MORE_AFTER + timedelta(hours=1)) == 1
    assert names_in(bucket) == []
    assert DirectUpload.objects.get().remove_at is None


def test_what_is_left_of_uploads_that_went_with_their_video_is_removed(
    api: APIClient, bucket: PartsStore
) -> None:
    send_all(api, store=bucket)
    Video.objects.all().delete()
    assert remove_leftovers() == 1
    assert open_transfers(bucket) == 0
    assert remove_leftovers(now=timezone.now() + 2 * ONCE_MORE_AFTER) == 1
    remove_leftovers()
    assert not DirectUpload.objects.exists()


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_source_is_never_taken_for_a_leftover(
    api: APIClient, bucket: PartsStore, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    let_seal(monkeypatch)
    complete(api, send_all(api, store=bucket))
    assert names_in(bucket) == ["sources/source"]
    if is_gone:  # whatever became of the upload's row
        DirectUpload.objects.update(upload=None)
    DirectUpload.objects.update(remove_at=timezone.now())
    assert remove_leftovers() == 1
    assert names_in(bucket) == ["sources/source"]
