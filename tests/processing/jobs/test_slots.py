"""A project's places: how many of its jobs are worked on at once, whoever claims, and that nobody else waits for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from dramatiq.brokers.stub import StubBroker

from processing.jobs import again, services, slots
from processing.jobs.models import Job, Step
from processing.jobs.serializers import JobSerializer
from tests.factories import make_job, make_project, make_step_plan, make_video
from tests.limited import at_once
from videos.access.services import set_project_limits
from videos.models import Project

pytestmark = pytest.mark.django_db


def make_jobs(count: int, *, most: int | None = None, steps: int = 2) -> tuple[Project, list[Job]]:
    project = make_project()
    set_project_limits(project=project, limits={"max_encodes_at_once": most})
    plans = [make_step_plan(f"part-{number}") for number in range(steps)]
    jobs = [make_job(make_video(project, status="processing"), plans=plans) for _ in range(count)]
    return project, jobs


def claim() -> Step | None:
    return services.claim_step(queue="encode", owner="me", lease_s=60)


def claim_all() -> list[Step]:
    claimed = []
    while step := claim():
        claimed.append(step)
    return claimed


def finish(step: Step) -> None:
    services.finish_step(step=step, record=lambda _job: None)


def test_as_many_jobs_begin_as_there_are_places() -> None:
    _, jobs = make_jobs(5, most=2)
    claimed = claim_all()
    assert len(claimed) == 4  # both steps of two jobs
    at_work = {step.job_id for step in claimed}
    assert set(Job.objects.filter(has_place=True).values_list("pk", flat=True)) == at_work
    assert len(at_work) == 2
    assert {job.pk for job in jobs} > at_work


def test_a_full_project_holds_up_nobody_else() -> None:
    make_jobs(30, most=1, steps=1)
    _, others = make_jobs(3, steps=1)
    claimed = claim_all()
    assert len(claimed) == 4
    assert {step.job_id for step in claimed} > {job.pk for job in others}


@pytest.mark.parametrize("how", ["finish", "fail", "cancel"])
def test_a_job_that_ends_leaves_its_place_and_the_next_is_called(how: str, stub_broker: StubBroker) -> None:
    _, jobs = make_jobs(2, most=1, steps=1)
    (step,) = claim_all()
    stub_broker.flush_all()
    if how == "finish":
        job = services.locked_job(step.job_id)
        finish(step)
        services.finish_job(job)
    elif how == "fail":
        services.fail_step(step=step, code="x", message="y", max_attempts=1, facts={})
    else:
        services.cancel_job(job=step.job)
    assert not Job.objects.filter(has_place=True).exists()
    (next_step,) = claim_all()
    assert {step.job_id, next_step.job_id} == {job.pk for job in jobs}


def test_the_next_is_called_once_the_end_is_certain(
    stub_broker: StubBroker, django_capture_on_commit_callbacks: Any
) -> None:
    make_jobs(2, most=1, steps=1)
    (step,) = claim_all()
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel_job(job=step.job)
    assert stub_broker.queues["encode"].qsize() == 1


def test_a_job_that_is_tried_again_waits_for_a_place() -> None:
    make_jobs(2, most=1, steps=1)
    (first,) = claim_all()
    services.fail_step(step=first, code="x", message="y", max_attempts=1, facts={})
    (second,) = claim_all()
    again.retry_job(job=first.job)
    assert claim() is None
    services.cancel_job(job=second.job)
    assert [step.job_id for step in claim_all()] == [first.job_id]


def test_a_step_that_is_done_anew_after_its_job_needs_no_place() -> None:
    make_jobs(1, most=1, steps=1)
    (step,) = claim_all()
    done = make_job(make_video(step.job.video.project, status="ready"), plans=[make_step_plan("poster")])
    Job.objects.filter(pk=done.pk).update(status="done")
    assert [one.job_id for one in claim_all()] == [done.pk]


def test_the_settings_limit_counts_where_the_project_has_none(settings: Any) -> None:
    limits = settings.GILFOYLE.limits.model_copy(update={"max_encodes_at_once": 1})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"limits": limits})
    make_jobs(3, steps=1)
    make_jobs(3, most=0, steps=1)
    assert len(claim_all()) == 4


def test_whoever_waits_for_a_place_says_so() -> None:
    _, jobs = make_jobs(2, most=1, steps=1)
    assert all(slots.words_of_wait(job) == "" for job in jobs)
    (step,) = claim_all()
    waiting = Job.objects.exclude(pk=step.job_id).get()
    told = JobSerializer(waiting).data["waits_for"]
    assert told["code"] == "encodes_at_once"
    assert "1 at a time" in told["message"]
    assert JobSerializer(Job.objects.get(pk=step.job_id)).data["waits_for"] is None


def test_a_claim_that_comes_too_late_takes_no_place() -> None:
    make_jobs(1, most=1, steps=1)
    step = Step.objects.select_related("job__video").get()
    Step.objects.update(status="cancelled")
    now = step.ready_at
    assert now is not None
    assert not services._claim(step, owner="me", now=now, lease_s=60)
    assert not Job.objects.filter(has_place=True).exists()
    Job.objects.update(status="cancelled")
    assert not slots.take_place(step.job)  # it was cancelled since it was read: nobody would free its place


@pytest.mark.django_db(transaction=True)
def test_workers_that_race_for_the_last_place() -> None:
    _, jobs = make_jobs(12, most=3, steps=1)
    make_jobs(2, steps=1)
    claimed = [step for step in at_once([partial(claim)] * 24) if step is not None]
    assert len({step.pk for step in claimed}) == len(claimed) == 5
    assert Job.objects.filter(has_place=True, pk__in=[job.pk for job in jobs]).count() == 3
