from datetime import timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.utils import timezone

from processing.jobs import states
from processing.jobs.models import Job
from processing.jobs.views import JobNotFound
from processing.management.choosing import choose_jobs, choose_videos, ids_of, require_choice
from tests.factories import make_job, make_project, make_video
from videos.errors import VideoNotFound

pytestmark = pytest.mark.django_db


def options(*ids: str, **chosen: Any) -> dict[str, Any]:
    return {"ids": list(ids), "project": "", "failure": "", "limit": 0, **chosen}


def failed_job(code: str = "no_space", **fields: Any) -> Job:
    return make_job(make_video(status="failed", **fields), status=states.FAILED, failure_code=code)


def test_nothing_named_does_not_mean_everything() -> None:
    with pytest.raises(CommandError, match="choose them by --project, --failure"):
        require_choice(options(), "project", "failure")
    with pytest.raises(CommandError, match="not both"):
        require_choice(options("vid_1", project="x"), "project")
    require_choice(options(failure="no_space"), "project", "failure")


def test_jobs_are_named_by_their_ids_or_their_videos() -> None:
    job, other = failed_job(), failed_job()
    named = choose_jobs(options(job.video_id, other.pk, other.pk), statuses=[states.FAILED])
    assert [one.pk for one in named] == [job.pk, other.pk]
    assert ids_of(job) == {"video_id": job.video_id, "job_id": job.pk}
    with pytest.raises(VideoNotFound):
        choose_jobs(options("vid_none"), statuses=[])
    with pytest.raises(JobNotFound):
        choose_jobs(options(make_video().pk), statuses=[])


def test_of_each_video_the_latest_job_counts() -> None:
    old = failed_job()
    Job.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=1))
    Job.objects.create(video=old.video, revision="newer", status=states.DONE)
    assert choose_jobs(options(failure="no_space"), statuses=[states.FAILED], code="no_space") == []


def test_they_are_chosen_by_project_and_reason_oldest_first() -> None:
    project = make_project("Films")
    first, second = failed_job(project=project), failed_job(project=project)
    failed_job()
    failed_job("source_corrupt", project=project)
    by_name = choose_jobs(options(project="Films"), statuses=[states.FAILED], code="no_space")
    by_id = choose_jobs(options(project=project.pk, limit=1), statuses=[states.FAILED], code="no_space")
    assert [one.pk for one in by_name] == [first.pk, second.pk]
    assert [one.pk for one in by_id] == [first.pk]
    with pytest.raises(CommandError, match="no project"):
        choose_jobs(options(project="None"), statuses=[])


def test_videos_are_chosen_likewise() -> None:
    project = make_project("Films")
    ready, failed = make_video(status="ready", project=project), make_video(status="failed", failure_code="x")
    make_video(status="ready")
    assert choose_videos(options(project="Films"), statuses=["ready"]) == [ready]
    assert choose_videos(options(failure="x"), statuses=["failed"], code="x") == [failed]
    job = make_job(ready)
    assert choose_videos(options(job.pk, ready.pk), statuses=[]) == [ready, ready]
