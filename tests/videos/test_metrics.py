from pathlib import Path

import pytest

from tests.counted import counting
from tests.factories import make_project
from videos import metrics
from videos.catalog import services as catalog
from videos.catalog import states as video_states
from videos.models import Video
from videos.uploads import states


def test_reasons_are_those_that_uploads_end_by() -> None:
    named = {
        states.EXPIRED, states.REPLACED, states.TERMINATED, states.REVOKED, states.VIDEO_DELETED, states.STOPPED,
    }  # fmt: skip
    assert set(metrics.REASONS) == named


@pytest.mark.django_db(transaction=True)
def test_a_life_is_counted_once_it_is_committed(tmp_path: Path) -> None:
    with counting(tmp_path) as counted:
        video = Video.objects.create(project=make_project(), status=video_states.UPLOADING)
        catalog.accept_source(video_id=video.pk, upload_id="upl_1", size_bytes=1234, sha256="")
        catalog.mark_playable(video_id=video.pk)
        catalog.mark_playable(video_id=video.pk)
        catalog.mark_ready(video_id=video.pk)
        assert counted.value("gilfoyle_uploads_total", event="finished") == 1
        assert counted.value("gilfoyle_upload_bytes_total") == 1234
        assert counted.value("gilfoyle_time_to_playable_seconds_count") == 1
        assert counted.value("gilfoyle_videos_processed_total", outcome="ready") == 1
