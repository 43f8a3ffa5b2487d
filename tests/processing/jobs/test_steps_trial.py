"""The trial in the life of a whole video, with the real tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.queue import QUEUES
from processing.jobs import pipeline
from processing.jobs.models import Job, Step
from processing.jobs.worker import run_next_step
from processing.media import EncodePlan
from tests.clips import run_tool
from tests.factories import make_job, make_video
from tests.processing.encoding.test_trial import STILL
from videos.catalog.models import Rendition

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def test_an_easy_video_is_made_in_fewer_bits_and_sizes(tmp_path: Path, settings: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"preset": "ultrafast", "copy_max_bitrate_bps": 0, "target_vmaf": 80}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    source = tmp_path / "a.mp4"
    large = STILL.replace("320x180", "1280x720")
    run_tool("-f", "lavfi", "-i", large, "-c:v", "libx264", "-preset", "ultrafast", "-g", "20", source)
    video = make_video(status="processing", source=source.read_bytes())
    job = make_job(video)
    assert run_next_step(queue="probe")
    waiting = Step.objects.filter(kind=pipeline.ENCODE_CHUNK, status="waiting")
    assert {step.priority > 0 for step in waiting} == {True}, "the first segment waits for nothing"
    assert run_next_step(queue="opening")
    assert run_next_step(queue="opening")
    assert run_next_step(queue="encode")
    assert Step.objects.get(kind=pipeline.TRY_SAMPLES).status == "done"
    job.refresh_from_db()
    adapted = EncodePlan.from_json(job.plan or {}).video
    assert adapted is not None
    assert (adapted.samples, {rung.crf > 23 for rung in adapted.rungs}) == ((), {True})
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    assert video.status == "ready", Job.objects.values()
    made = {one.name: one for one in Rendition.objects.filter(video=video)}
    assert set(made) == {"v720", "v360", "v240"}, "one chunk's opening and bodies fit together"
    assert all(sum(len(run.durations) for run in one.runs.all()) == 6 for one in made.values())
