import json

import pytest

from processing.jobs.models import Job
from tests.factories import make_video
from tests.videos.management.operating import run

pytestmark = pytest.mark.django_db


def test_videos_of_a_project_are_processed_anew() -> None:
    video = make_video(status="ready", source=b"source")
    make_video(status="ready", source=b"source")
    code, out = run("reprocess", "--project", video.project_id, "--dry-run")
    assert (code, Job.objects.count()) == (0, 0)
    assert f"{video.pk} would be processed anew." in out
    code, out = run("reprocess", "--project", video.project_id, "--json")
    job = Job.objects.get()
    assert (code, job.is_reprocessing) == (0, True)
    assert json.loads(out)["done"] == [{"video_id": video.pk, "job_id": job.pk}]


def test_a_wish_that_can_not_be_met_is_told_with_what_can() -> None:
    video = make_video(status="ready", source=b"source")
    code, out = run("reprocess", video.pk, "--codec", "mpeg2", "--json")
    (refused,) = json.loads(out)["refused"]
    assert (code, refused["code"]) == (1, "codec_not_configured")
    assert "h264" in refused["hint"]


def test_those_that_failed_are_begun_anew() -> None:
    video = make_video(status="failed", failure_code="source_corrupt", source=b"source")
    assert run("reprocess", "--failure", "source_corrupt")[0] == 0
    video.refresh_from_db()
    assert video.status == "processing"
