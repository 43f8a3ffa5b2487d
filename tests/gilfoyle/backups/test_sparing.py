from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.backups.sparing import SPARED_FOR, spare_what_came_since
from gilfoyle.lib import storage
from tests.factories import make_video
from videos import layout
from videos.catalog.models import SpareSource
from videos.catalog.sources import note_removal, promise_object, remove_spare_sources
from videos.imports import services
from videos.imports.models import Import
from videos.imports.services import sweep_imports
from videos.uploads.models import Upload
from videos.uploads.services import release_stale_uploads
from videos.uploads.states import RECEIVING

pytestmark = pytest.mark.django_db


def test_a_source_that_came_after_the_backup_outlives_the_sweeps() -> None:
    video = make_video()
    past = timezone.now() - timedelta(hours=1)
    upload = Upload.objects.create(
        video=video, project=video.project, length_bytes=6, lease_expires_at=past, status=RECEIVING
    )
    name = layout.source_name(video.project_id, video.pk, upload.pk)
    copy, doomed = f"{name}-promised", f"{name}-doomed"
    for one in (name, copy, doomed):
        storage.save_bytes(one, b"source")
    promise_object(copy, video_id=video.pk, now=past - timedelta(days=2))
    note_removal([doomed], video_id=video.pk)
    assert spare_what_came_since() == [f"upload {upload.pk} of {video.pk}", f"object {copy}"]
    assert release_stale_uploads() == 0
    assert remove_spare_sources() == 1
    assert [storage.exists(one) for one in (name, copy, doomed)] == [True, True, False]
    later = timezone.now() + SPARED_FOR + timedelta(minutes=1)
    assert release_stale_uploads(now=later) == 1
    assert SpareSource.objects.filter(remove_at__lte=later).count() >= 1


@pytest.mark.parametrize("status", ["fetching", "waiting"])
def test_an_import_that_had_arrived_since_is_not_begun_again(status: str) -> None:
    """By the rows it is half-way, without a mark of its file; by the store it has a whole source, and no pieces any more."""
    video = make_video()
    past = timezone.now() - timedelta(hours=1)
    upload = Upload.objects.create(
        video=video, project=video.project, length_bytes=6, lease_expires_at=past, status=RECEIVING
    )
    name = layout.source_name(video.project_id, video.pk, upload.pk)
    storage.save_bytes(name, b"source")
    begun = Import.objects.create(
        video=video,
        source_url="https://films.example/a.mp4",
        status=status,
        upload_id=upload.pk,
        lease_expires_at=past,
        ready_at=past,
    )
    assert f"import {begun.pk} of {video.pk}" in spare_what_came_since()
    sweep_imports()
    assert services.claim_import(owner="worker", lease_s=60) is None
    upload.refresh_from_db()
    assert (upload.status, storage.exists(name)) == (RECEIVING, True)


def test_one_of_which_nothing_had_arrived_goes_on() -> None:
    waiting = Import.objects.create(video=make_video(), source_url="https://films.example/a.mp4")
    spare_what_came_since()
    assert services.claim_import(owner="worker", lease_s=60) == waiting
