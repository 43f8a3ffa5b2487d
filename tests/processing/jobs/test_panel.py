from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from processing.jobs import again, services, states
from processing.jobs.models import Job, Step
from processing.jobs.panel import (
    KIND_WORDS,
    MOST_STEPS,
    describe_job,
    describe_step,
    latest_job,
    queue_left_alone,
    title_of,
    took,
)
from processing.jobs.steps import RUNNERS
from tests.factories import get_step, make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db


def test_every_kind_of_step_has_its_words() -> None:
    assert set(KIND_WORDS) == set(RUNNERS)


def test_the_latest_job_counts() -> None:
    video = make_video()
    assert latest_job(video) is None
    now = timezone.now()
    old = Job.objects.create(video=video, revision="old", created_at=now - timedelta(hours=1))
    new = Job.objects.create(video=video, revision="new", created_at=now)
    assert latest_job(video) == new != old


def test_urgent_steps_stand_first_and_long_lists_are_cut(django_assert_max_num_queries: Any) -> None:
    job = make_job(
        plans=[make_step_plan(f"encode-{n:05d}", inputs={"chunk": n}) for n in range(MOST_STEPS + 5)]
    )
    Step.objects.filter(job=job).update(status=states.DONE, progress=1)
    Step.objects.filter(job=job, name="encode-00050").update(status=states.RUNNING, progress=0.5)
    Step.objects.filter(job=job, name="encode-00060").update(status=states.FAILED, failure_code="x")
    with django_assert_max_num_queries(3):
        panel = describe_job(job)
    assert [step.title for step in panel.steps[:2]] == ["Encode chunk 61", "Encode chunk 51"]
    assert "50 %" in panel.steps[1].progress
    assert len(panel.steps) == MOST_STEPS
    assert (panel.hidden_steps, panel.done_steps, panel.all_steps) == (5, MOST_STEPS + 3, MOST_STEPS + 5)
    assert panel.is_active


def test_ended_steps_stand_as_they_went_and_the_last_one_last() -> None:
    job = make_job(
        plans=[make_step_plan("b", priority=1), make_step_plan("a"), make_step_plan("z", needs=("a",))]
    )
    now = timezone.now()
    Step.objects.filter(job=job).update(status=states.DONE)
    for name, ended in (("a", 1), ("b", 2), ("z", 3)):
        Step.objects.filter(job=job, name=name).update(finished_at=now + timedelta(seconds=ended))
    ids = [get_step(job, name).pk for name in ("a", "b", "z")]
    assert [step.id for step in describe_job(job).steps] == ids


def test_a_failed_step_in_words() -> None:
    job = make_job()
    step = services.claim_step(queue="probe", owner="w", lease_s=60)
    assert step is not None
    services.fail_step(
        step=step,
        code="tool_failed",
        message="It broke.",
        max_attempts=1,
        facts={"argv": ["ffmpeg", "-i", "it's"], "exit_code": 1, "stderr_tail": "\nthe end\n"},
    )
    row = describe_step(get_step(job, "probe"), timezone.now())
    assert (row.failure, row.failure_code, row.exit_code) == ("It broke.", "tool_failed", 1)
    assert row.command == """ffmpeg -i 'it'"'"'s'"""
    assert row.stderr_tail == "the end"


def test_a_failed_step_that_was_optional_says_that_the_video_does_without_it() -> None:
    job = make_job(plans=[make_step_plan("one", is_optional=True)])
    step = services.claim_step(queue="encode", owner="w", lease_s=60)
    assert step is not None
    services.fail_step(step=step, code="tool_failed", message="It broke.", max_attempts=1, facts={})
    row = describe_step(get_step(job, "one"), timezone.now())
    assert row.failure == "It broke. The video does without it."


def test_a_retried_step_hides_what_no_longer_holds() -> None:
    job = make_job()
    step = services.claim_step(queue="probe", owner="w", lease_s=60)
    assert step is not None
    services.fail_step(
        step=step, code="tool_failed", message="It broke.", max_attempts=1, facts={"stderr_tail": "the end"}
    )
    again.retry_job(job=job)
    row = describe_step(get_step(job, "probe"), timezone.now())
    assert (row.failure, row.command, row.stderr_tail, row.exit_code) == ("", "", "", None)


def test_work_that_nobody_takes() -> None:
    job = make_job()
    now = timezone.now()
    assert not queue_left_alone(job, {states.READY: 1}, now)
    later = now + timedelta(minutes=1)
    assert queue_left_alone(job, {states.READY: 1}, later) == "probe"
    assert not queue_left_alone(job, {states.READY: 1, states.RUNNING: 1}, later)
    job.status = states.FAILED
    assert not queue_left_alone(job, {states.READY: 1}, later)


def test_titles() -> None:
    assert title_of(Step(kind="encode_chunk", inputs={"chunk": 4})) == "Encode chunk 5"
    assert title_of(Step(kind="probe")) == "Probe the source"
    assert title_of(Step(kind="of_the_future")) == "of_the_future"


def test_how_long_it_took() -> None:
    now = timezone.now()
    assert took(None, None, now) == "\N{EN DASH}"
    assert took(now - timedelta(seconds=75), None, now) == "1:15"
    assert took(now - timedelta(seconds=75), now - timedelta(seconds=60), now) == "0:15"


def test_what_a_job_waits_for_is_told_and_is_no_failure() -> None:
    job = make_job(plans=[make_step_plan("encode-00000")])
    assert describe_job(job).waits_for == ""
    Step.objects.filter(job=job).update(
        failure_code="no_space", failure_message="x", stderr_tail="The disk of the work folder is full."
    )
    panel = describe_job(job)
    assert panel.waits_for == "Waits for space on the disk."
    (step,) = panel.steps
    assert (step.failure, step.is_waiting, step.failure_code) == (panel.waits_for, True, "no_space")
    assert step.stderr_tail == "The disk of the work folder is full."
    Step.objects.filter(job=job).update(status=states.DONE)
    panel = describe_job(job)
    assert (panel.waits_for, panel.steps[0].failure, panel.steps[0].failure_code) == ("", "", "")
