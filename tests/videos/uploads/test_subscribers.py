from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.factories import Account, make_video
from tests.videos.uploads.test_resumable import append, create, files
from tests.videos.uploads.tus_calls import metadata
from videos.catalog.services import delete_video
from videos.uploads.models import Upload
from videos.uploads.permits import permit_of_key

pytestmark = pytest.mark.django_db


def test_what_has_arrived_goes_with_its_video(
    account: Account, media_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    permit = permit_of_key(account.key, settings.GILFOYLE)
    video = make_video(account.project)
    upload = create(permit, Upload_Metadata=metadata(video_id=video.pk))
    append(permit, upload, b"abc")
    other = create(permit)
    assert files(media_dir)
    with django_capture_on_commit_callbacks(execute=True):
        delete_video(video=video)
    assert files(media_dir) == []
    assert Upload.objects.get(pk=upload.pk).status == "aborted"
    assert Upload.objects.get(pk=other.pk).status == "receiving"
