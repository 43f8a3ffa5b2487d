"""A step without which the job can go on: its failure is noted, and ends nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from django.db import transaction
from django.utils import timezone

from processing.jobs import again, pipeline, services
from processing.jobs.models import Job, Step
from processing.jobs.serializers import JobSerializer
from processing.media import CopyPlan, EncodePlan
from tests.factories import get_step, make_job, make_rendition, make_step_plan
from tests.processing.facts import info, plan, sound
from videos.catalog.models import Rendition, Video

pytestmark = pytest.mark.django_db


def make_work(encode_plan: EncodePlan | None = None) -> Job:
    """Make a job of one chunk, one picture without which it can go on, and the end that waits for both."""
    steps = [
        make_step_plan("chunk", priority=1),
        make_step_plan("picture", queue="package", is_optional=True),
        make_step_plan("last", queue="default", needs=("chunk", "picture")),
    ]
    return make_job(plans=steps, plan=encode_plan.to_json() if encode_plan else None)


def claim(queue: str) -> Step:
    step = services.claim_step(queue=queue, owner="me", lease_s=60)
    assert step is not None
    return step


def fail(step: Step, **changes: bool) -> None:
    services.fail_step(
        step=step, code="tool_failed", message="It broke.", max_attempts=2, facts={"exit_code": 1}, **changes
    )


def finish(step: Step) -> None:
    services.finish_step(step=step, record=lambda _job: None)


def statuses(job: Job) -> dict[str, str]:
    return dict(Step.objects.filter(job=job).values_list("name", "status"))


def test_it_is_tried_as_often_as_any_other() -> None:
    job = make_work()
    fail(claim("package"))
    assert statuses(job)["picture"] == "ready"
    Step.objects.update(ready_at=timezone.now())
    fail(claim("package"))
    assert statuses(job) == {"chunk": "ready", "picture": "failed", "last": "waiting"}


def test_the_job_goes_on_without_it_and_says_why() -> None:
    job = make_work()
    fail(claim("package"), is_final=True)
    job.refresh_from_db()
    assert (job.status, job.failure_code) == ("active", "")
    finish(claim("encode"))
    assert statuses(job)["last"] == "ready"
    services.finish_step(step=claim("default"), record=services.finish_job)
    job.refresh_from_db()
    assert (job.status, job.video.status) == ("done", "ready")
    shown = {step["name"]: step for step in JobSerializer(job).data["steps"]}
    assert shown["picture"]["failure"] == {"code": "tool_failed", "message": "It broke."}
    assert (shown["picture"]["is_optional"], shown["chunk"]["is_optional"]) == (True, False)


def test_one_that_fails_last_wakes_those_that_waited_for_it() -> None:
    job = make_work()
    finish(claim("encode"))
    assert statuses(job)["last"] == "waiting"
    fail(claim("package"), is_final=True)
    assert statuses(job)["last"] == "ready"


def test_one_that_loses_its_worker_again_and_again_ends_without_the_job() -> None:
    job = make_work()
    Step.objects.filter(name="picture").update(losses=services.MAX_LOST_LEASES - 1)
    step = claim("package")
    Step.objects.filter(pk=step.pk).update(lease_expires_at=timezone.now())
    assert services.free_lost_step(step=Step.objects.get(pk=step.pk))
    job.refresh_from_db()
    lost = get_step(job, "picture")
    assert (job.status, lost.status, lost.failure_code) == ("active", "failed", "worker_lost")


def test_its_share_of_the_work_counts_as_done() -> None:
    job = make_work(plan(info()))
    Step.objects.exclude(name="picture").update(weight=1)
    Step.objects.filter(name="picture").update(weight=2)
    fail(claim("package"), is_final=True)
    assert Video.objects.get(pk=job.video_id).progress == 50


def test_a_job_that_is_tried_again_tries_it_too() -> None:
    job = make_work()
    fail(claim("package"), is_final=True)
    fail(claim("encode"), is_final=True)
    assert statuses(job) == {"chunk": "failed", "picture": "failed", "last": "cancelled"}
    again.retry_job(job=job)
    assert statuses(job) == {"chunk": "ready", "picture": "ready", "last": "waiting"}
    assert get_step(job, "picture").failure_code == ""


def test_a_trial_that_failed_is_not_tried_again_once_others_went_on_without_it() -> None:
    trial = make_step_plan("trial", kind=pipeline.TRY_SAMPLES, queue="package", is_optional=True)
    job = make_job(plans=[trial, make_step_plan("chunk", needs=("trial",))])
    fail(claim("package"), is_final=True)
    fail(claim("encode"), is_final=True)
    again.retry_job(job=job)
    assert statuses(job) == {"trial": "failed", "chunk": "ready"}


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_stopgap_that_ended_too_early_is_taken_back(is_lost: bool) -> None:
    work = plan(info())
    ten_s = Fraction(10)
    copy = CopyPlan("v720copy", 0, 0, 12_800, 1280, 720, Fraction(25), 250, ten_s, ten_s, ten_s, 10**6)
    work = replace(work, copy=copy)
    copying = make_step_plan("copy", kind=pipeline.REMUX, queue="package", is_optional=True)
    job = make_job(plans=[copying], plan=work.to_json())
    make_rendition(job.video, copy.name)
    make_rendition(job.video, "v240")
    step = claim("package")
    if is_lost:
        Step.objects.update(losses=services.MAX_LOST_LEASES - 1, lease_expires_at=timezone.now())
        assert services.free_lost_step(step=Step.objects.get())
    else:
        fail(step, is_final=True)
    assert [one.name for one in Rendition.objects.all()] == ["v240"]


def test_a_video_is_ready_without_the_codec_whose_chunk_failed() -> None:
    work = plan(info(), codecs=("h264", "vp9"))
    assert work.video is not None
    job = make_job(plans=pipeline.plan_steps(work), plan=work.to_json())
    for rung in work.video.rungs:
        make_rendition(job.video, rung.name)
    vp9 = Step.objects.filter(job=job, kind=pipeline.ENCODE_CHUNK, is_optional=True)
    assert vp9.count() == len(work.video.chunks_of("vp9"))
    vp9.filter(name=vp9.first().name).update(status="failed")  # type: ignore[union-attr]  # it is there
    Step.objects.filter(job=job).exclude(status="failed").update(status="done")
    with transaction.atomic():
        services.finish_job(Job.objects.get(pk=job.pk))
    kept = set(Rendition.objects.filter(video=job.video, is_complete=True).values_list("name", flat=True))
    assert kept == {rung.name for rung in work.video.rungs if rung.codec == "h264"}
    assert Video.objects.get(pk=job.video_id).status == "ready"


def test_a_video_is_ready_without_a_further_sound_that_could_not_be_encoded() -> None:
    work = plan(info(audio=(sound(), sound(index=2, language="fr"))))
    job = make_job(plans=pipeline.plan_steps(work), plan=work.to_json())
    steps = {step.name: step for step in Step.objects.filter(job=job)}
    assert [steps[f"audio-{one.name}"].is_optional for one in work.audio] == [False, True]
    for one in work.audio:
        make_rendition(job.video, one.name)
    Step.objects.filter(job=job).update(status="done")
    Step.objects.filter(job=job, name="audio-a1").update(status="failed")
    with transaction.atomic():
        services.finish_job(Job.objects.get(pk=job.pk))
    assert set(Rendition.objects.filter(video=job.video).values_list("name", flat=True)) == {"a0"}
    assert Video.objects.get(pk=job.video_id).status == "ready"
