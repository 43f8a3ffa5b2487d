"""The stop-gap in the life of a whole video, with the real tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processing.jobs import pipeline
from processing.jobs.models import Job, Step
from processing.jobs.worker import run_next_step
from processing.media import EncodePlan
from tests.clips import make_clip
from tests.factories import make_job, make_video
from tests.processing.encoding.test_remux import TWO_SECONDS
from videos.catalog.models import Rendition, Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def video(tmp_path: Path) -> Video:
    source = make_clip(tmp_path / "clip.mp4", duration_s=9, video_args=TWO_SECONDS).read_bytes()
    return make_video(status="processing", source=source)


def test_a_source_that_browsers_play_can_be_played_before_anything_is_encoded(video: Video) -> None:
    make_job(video)
    for queue in ("probe", "opening", "package"):
        assert run_next_step(queue=queue)
    assert [one.kind for one in Step.objects.filter(status="done").order_by("finished_at")] == [
        pipeline.PROBE,
        pipeline.REMUX,
        pipeline.ENCODE_AUDIO,
    ]
    video.refresh_from_db()
    assert (video.status, video.playable) == ("processing", True)
    copy = Rendition.objects.get(video=video, kind="video")
    assert (copy.name, copy.is_stopgap, copy.is_complete, copy.target_duration_s) == (
        "v180copy",
        True,
        True,
        4,
    )
    runs = [(run.first_number, len(run.durations)) for run in copy.runs.order_by("first_number")]
    assert runs == [(0, 1), (1, 2)]


def test_a_copy_that_is_not_what_was_planned_is_taken_away_and_the_video_goes_on(
    video: Video, settings: Any
) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"max_attempts": 1, "preset": "ultrafast"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    job = make_job(video)
    assert run_next_step(queue="probe")
    job.refresh_from_db()
    assert job.plan is not None
    assert EncodePlan.from_json(job.plan).copy is not None
    job.plan["copy"]["frame_count"] += 1  # the file has one less than its index said
    job.save()
    assert run_next_step(queue="package")
    assert run_next_step(queue="opening")
    step = Step.objects.get(kind=pipeline.REMUX)
    assert (step.status, step.failure_code) == ("failed", "encode_unverified")
    assert [one.kind for one in Rendition.objects.filter(video=video)] == ["audio"]
    video.refresh_from_db()
    assert (video.playable, video.playable_at) == (False, None), "there is no picture any more"
    while any(run_next_step(queue=queue) for queue in ("opening", "encode", "package", "default")):
        pass
    video.refresh_from_db()
    assert video.status == "ready", Job.objects.values()
    assert not Rendition.objects.filter(video=video, is_stopgap=True).exists()
