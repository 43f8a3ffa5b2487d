from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.backups.sparing import SPARED_FOR, spare_what_came_since
from gilfoyle.lib import storage
from tests.factories import make_video
from videos import layout
from videos.catalog.models import SpareSource
from videos.catalog.sources import note_removal, promise_object, remove_spare_sources
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
