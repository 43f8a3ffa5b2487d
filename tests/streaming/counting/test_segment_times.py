from __future__ import annotations

import pytest

from streaming.counting.segment_times import SegmentTimes
from streaming.counting.watched import SegmentTime
from tests.factories import make_rendition, make_video
from videos.catalog.models import RenditionRun
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db
RUN = SegmentRun(0, 12_800, (12_800 * 4, 12_800 * 2), (10, 30))


def test_segments_play_when_the_index_says() -> None:
    video = make_video()
    make_rendition(video, runs=[RUN], is_complete=True)
    times = SegmentTimes()
    assert times.find(video.pk, video.revision, "v360", 0) == SegmentTime(0, 4, is_last=False, size_bytes=10)
    assert times.find(video.pk, video.revision, "v360", 1) == SegmentTime(4, 6, is_last=True, size_bytes=30)
    assert times.find(video.pk, video.revision, "v360", 2) is None
    assert times.find(video.pk, video.revision, "v720", 0) is None


def test_the_end_of_what_grows_is_not_known() -> None:
    video = make_video()
    make_rendition(video, runs=[RUN])
    found = SegmentTimes().find(video.pk, video.revision, "v360", 1)
    assert found is not None
    assert not found.is_last


def test_a_segment_that_came_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.counting.segment_times.GROWING_AGE_S", 0)
    video = make_video()
    rendition = make_rendition(video, runs=[RUN])
    times = SegmentTimes()
    assert times.find(video.pk, video.revision, "v360", 2) is None
    RenditionRun.objects.create(
        rendition=rendition,
        chunk_index=1,
        first_number=2,
        start_ticks=12_800 * 7,
        durations=[12_800],
        sizes=[1],
    )
    assert times.find(video.pk, video.revision, "v360", 2) == SegmentTime(6, 7, is_last=False, size_bytes=1)
