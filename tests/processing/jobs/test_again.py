"""A step that is done anew on request, although its job may be done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from processing.jobs import again, services
from processing.jobs.models import Job, Step
from processing.jobs.sweeper import wake_queue
from tests.factories import get_step, make_job, make_step_plan, make_video
from videos.catalog.models import Video
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db


def make_done() -> Job:
    job = make_job(
        make_video(status="ready"), plans=[make_step_plan("poster", kind="poster", queue="package")]
    )
    Step.objects.update(status="done", attempt=1, progress=1)
    Job.objects.update(status="done")
    job.refresh_from_db()
    return job


def ask_anew(job: Job) -> None:
    again.do_again(video_id=job.video_id, kind="poster")


def claim() -> Step | None:
    return services.claim_step(queue="package", owner="me", lease_s=60)


def test_a_done_job_does_it_and_stays_done() -> None:
    job = make_done()
    ask_anew(job)
    step = claim()
    assert step is not None
    assert (step.attempt, step.is_optional) == (3, True)
    recorded: list[Job] = []
    services.finish_step(step=step, record=recorded.append)
    assert len(recorded) == 1
    assert (Job.objects.get().status, Video.objects.get().status) == ("done", "ready")
    assert claim() is None


@pytest.mark.parametrize("code", ["tool_failed", "source_altered"])
def test_its_failure_is_noted_and_changes_nothing_else(code: str) -> None:
    job = make_done()
    ask_anew(job)
    step = claim()
    assert step is not None
    services.fail_step(step=step, code=code, message="It broke.", max_attempts=1, facts={})
    assert (get_step(job, "poster").failure_code, get_step(job, "poster").status) == (code, "failed")
    assert (Job.objects.get().status, Video.objects.get().status) == ("done", "ready")
    ask_anew(job)
    assert (get_step(job, "poster").failure_code, get_step(job, "poster").status) == ("", "ready")


def test_a_worker_that_was_at_it_is_given_up() -> None:
    job = make_done()
    ask_anew(job)
    first = claim()
    assert first is not None
    ask_anew(job)
    with pytest.raises(StaleWork):
        services.finish_step(step=first, record=lambda _job: None)
    second = claim()
    assert second is not None
    services.finish_step(step=second, record=lambda _job: None)


def test_two_wishes_before_it_begins_are_one_piece_of_work() -> None:
    job = make_done()
    ask_anew(job)
    ask_anew(job)
    assert claim() is not None
    assert claim() is None


def test_it_is_found_when_its_nudge_was_lost() -> None:
    ask_anew(make_done())
    assert wake_queue("package", now=timezone.now() + timedelta(minutes=1))


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_ended_badly_does_it_when_it_is_tried_again(status: str) -> None:
    job = make_done()
    Job.objects.update(status=status)
    Video.objects.update(status="failed")
    ask_anew(job)
    assert claim() is None
    again.retry_job(job=job)
    assert claim() is not None


def test_jobs_of_older_revisions_are_left_alone() -> None:
    job = make_done()
    Job.objects.update(revision="older")
    ask_anew(job)
    assert get_step(job, "poster").status == "done"


def test_a_deleted_video_does_nothing_anew() -> None:
    job = make_done()
    ask_anew(job)
    delete_video(video=job.video)
    assert get_step(job, "poster").status == "cancelled"
    assert claim() is None


@pytest.mark.parametrize("status", ["waiting", "failed", "cancelled"])
def test_a_step_is_not_done_again_before_what_it_needs(status: str) -> None:
    job = make_job(
        plans=[
            make_step_plan("encode"),
            make_step_plan("board", kind="storyboard", queue="package", needs=("encode",)),
        ]
    )
    Step.objects.filter(name="board").update(status=status)
    again.do_again(video_id=job.video_id, kind="storyboard")
    assert get_step(job, "board").status == "waiting"
    assert claim() is None
    step = services.claim_step(queue="encode", owner="me", lease_s=60)
    assert step is not None
    services.finish_step(step=step, record=lambda _job: None)
    assert get_step(job, "board").status == "ready"
    again.do_again(video_id=job.video_id, kind="storyboard")
    assert claim() is not None
