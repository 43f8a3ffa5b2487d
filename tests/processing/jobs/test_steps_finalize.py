"""The last look at a whole video: what is not as planned is withheld, and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from gilfoyle.lib.queue import QUEUES
from processing.jobs.models import Job
from processing.jobs.worker import run_next_step
from streaming.manifests.presentation import load_presentation
from tests.clips import make_clip, run_tool
from tests.factories import make_account, make_job, make_video
from videos.catalog.models import Rendition, RenditionRun, Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(
        update={"preset": "ultrafast", "copy_max_bitrate_bps": 0, "max_attempts": 1}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


def run_until_finalize(video: Video) -> Job:
    job = make_job(video)
    while any(run_next_step(queue=queue) for queue in QUEUES if queue != "default"):
        pass
    return job


def test_the_report_is_in_the_api(tmp_path: Path) -> None:
    account = make_account()
    source = make_clip(tmp_path / "a.mp4", duration_s=2).read_bytes()
    video = make_video(account.project, status="processing", source=source)
    run_until_finalize(video)
    assert run_next_step(queue="default")
    client: APIClient = account.client()
    rows = {row["name"]: row for row in client.get(f"/api/v1/videos/{video.pk}/renditions").json()}
    picture, sound = rows["v180"], rows["a0"]
    assert (picture["withheld_reason"], sound["withheld_reason"]) == ("", "")
    assert picture["quality"].items() >= {"frames": 60, "planned_frames": 60, "is_aligned": True}.items()
    assert 0.8 < picture["quality"]["ssim_lowest"] <= picture["quality"]["ssim_mean"] <= 1
    assert abs(sound["quality"]["av_offset_s"]) <= 1 / 30
    assert abs(sound["quality"]["length_difference_s"]) <= 1 / 30


def test_a_rendition_that_is_not_whole_is_withheld_and_the_others_play(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=2, size=(640, 360)).read_bytes()
    video = make_video(status="processing", source=source)
    run_until_finalize(video)
    run = RenditionRun.objects.get(rendition__video=video, rendition__name="v240")
    run.durations[-1] -= 1
    run.save()
    assert run_next_step(queue="default")
    video.refresh_from_db()
    assert video.status == "ready"
    withheld = Rendition.objects.get(video=video, name="v240")
    assert withheld.withheld_reason == "It has 59 frames, not 60."
    assert [one.name for one in load_presentation(video.pk, video.revision).video] == ["v360"]


def test_a_video_without_any_picture_left_fails(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=2).read_bytes()
    video = make_video(status="processing", source=source)
    job = run_until_finalize(video)
    RenditionRun.objects.filter(rendition__video=video, rendition__name="v180").delete()
    assert run_next_step(queue="default")
    job.refresh_from_db()
    video.refresh_from_db()
    assert (job.status, video.status, job.failure_code) == ("failed", "failed", "encode_unverified")
    report = Rendition.objects.get(video=video, name="v180")
    assert report.withheld_reason == "0 of 1 segments are there.", (
        "what was found stays, for whoever asks why"
    )
    assert report.quality["planned_frames"] == 60


def test_a_size_that_does_not_show_the_source_is_withheld_after_the_last_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for floor in ("FLOOR_SSIM", "FLOOR_LIKENESS"):
        monkeypatch.setattr(f"processing.encoding.encode_chunk.{floor}", 0.9)
    noise = "nullsrc=s=640x360:r=30:d=1,geq=random(1)*255:128:128"
    source = tmp_path / "noise.mp4"
    run_tool("-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-qp", "5", source)
    video = make_video(status="processing", source=source.read_bytes())
    job = make_job(video)
    assert run_next_step(queue="probe")
    job.refresh_from_db()
    assert job.plan is not None
    job.plan["video"]["rungs"][1]["crf"] = 51  # no picture is left of the smaller one
    job.save()
    while any(run_next_step(queue=queue) for queue in QUEUES):
        pass
    video.refresh_from_db()
    assert video.status == "ready", Job.objects.values()
    rows = {one.name: one.withheld_reason for one in Rendition.objects.filter(video=video)}
    assert rows["v360"] == ""
    assert "does not show the source's picture" in rows["v240"]


def test_it_is_said_where_near_pictures_stand_for_missing_ones(tmp_path: Path) -> None:
    account = make_account()
    source = make_clip(tmp_path / "a.mp4", duration_s=1).read_bytes()
    for is_mended, chunks in ((False, 0), (True, 1)):
        video = make_video(account.project, status="processing", source=source)
        run_until_finalize(video)
        run = RenditionRun.objects.get(rendition__video=video, rendition__name="v180")
        assert run.quality["is_mended"] is False, "this source lacks nothing"
        run.quality["is_mended"] = is_mended
        run.save()
        assert run_next_step(queue="default")
        client: APIClient = account.client()
        rows = {row["name"]: row for row in client.get(f"/api/v1/videos/{video.pk}/renditions").json()}
        assert rows["v180"]["quality"]["mended_chunks"] == chunks
