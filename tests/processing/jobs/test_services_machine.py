"""Jobs under anything that may happen to them, in any order: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gilfoyle.lib.errors import InvalidTransition, NoSpace, StaleWork
from processing.jobs import again, services
from processing.jobs.models import Job, Step
from processing.jobs.pipeline import StepPlan
from processing.jobs.waiting import postpone_step
from tests.factories import make_job, make_step_plan
from tests.lengths import length
from videos.catalog.models import Video

MAX_ATTEMPTS = 3
QUEUES = ("encode", "package", "default")


def make_fan() -> list[StepPlan]:
    parts = [
        make_step_plan("part"),
        make_step_plan("sound", queue="package"),
        make_step_plan("picture", queue="package", is_optional=True),
    ]
    needs = tuple(part.name for part in parts)
    return [*parts, make_step_plan("last", kind="finalize", queue="default", needs=needs)]


class JobMachine(RuleBasedStateMachine):
    """Workers that claim, finish, fail, freeze, wake up late and are killed; people who cancel and try again."""

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.job = make_job(plans=make_fan())
        self.held: list[Step] = []  # what workers believe that they hold
        self.recorded: Counter[str] = Counter()
        self.percent = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    def record(self, step: Step) -> Any:
        def keep(job: Job) -> None:
            self.recorded[step.name] += 1
            if step.name == "last":
                services.finish_job(job)

        return keep

    def status(self) -> str:
        return Job.objects.get(pk=self.job.pk).status

    def is_held(self, step: Step) -> bool:
        return Step.objects.filter(pk=step.pk, status="running", attempt=step.attempt).exists()

    @rule(queue=st.sampled_from(QUEUES))
    def claim(self, queue: str) -> None:
        step = services.claim_step(queue=queue, owner="worker", lease_s=15)
        if step:
            assert self.status() == "active"
            assert not any(self.is_held(other) for other in self.held if other.pk == step.pk)
            self.held.append(step)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(self.held))
        was_held = self.is_held(step)
        try:
            services.finish_step(step=step, record=self.record(step))
        except StaleWork:
            assert not was_held
        else:
            assert was_held

    @precondition(lambda self: self.held)
    @rule(data=st.data(), is_final=st.sampled_from([False, False, False, True]))
    def fail(self, data: st.DataObject, is_final: bool) -> None:
        step = data.draw(st.sampled_from(self.held))
        was_held = self.is_held(step)
        try:
            services.fail_step(
                step=step,
                code="broke",
                message="It broke.",
                max_attempts=MAX_ATTEMPTS,
                facts={},
                is_final=is_final,
            )
        except StaleWork:
            assert not was_held
        else:
            assert was_held

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def postpone(self, data: st.DataObject) -> None:
        """Meet a full disk; that never counts against the step."""
        step = data.draw(st.sampled_from(self.held))
        was_held, faults = self.is_held(step), Step.objects.get(pk=step.pk).faults
        try:
            postpone_step(step=step, error=NoSpace("The disk is full."))
        except StaleWork:
            assert not was_held
        else:
            assert was_held
        assert Step.objects.get(pk=step.pk).faults == faults

    @precondition(lambda self: self.held)
    @rule(data=st.data(), share=st.floats(0, 1))
    def renew(self, data: st.DataObject, share: float) -> None:
        step = data.draw(st.sampled_from(self.held))
        assert services.renew_lease(step=step, lease_s=15, progress=share) == self.is_held(step)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """Let a worker fall silent until its lease is over; it may still speak up later."""
        step = data.draw(st.sampled_from(self.held))
        was_held = self.is_held(step)
        Step.objects.filter(pk=step.pk, status="running", attempt=step.attempt).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )
        row = Step.objects.get(pk=step.pk)
        if row.attempt == step.attempt:
            assert services.free_lost_step(step=row) == was_held

    @rule()
    def wait(self) -> None:
        Step.objects.filter(status="ready").update(ready_at=timezone.now())

    @rule()
    def cancel(self) -> None:
        was = self.status()
        try:
            services.cancel_job(job=self.job)
        except InvalidTransition:
            assert was != "active"

    @rule()
    def retry(self) -> None:
        was = self.status()
        try:
            again.retry_job(job=self.job)
        except InvalidTransition:
            assert was in {"active", "done"}

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert all(count == 1 for count in self.recorded.values())
        done = set(Step.objects.filter(job=self.job, status="done").values_list("name", flat=True))
        assert done == set(self.recorded)

    @invariant()
    def video_and_job_tell_the_same(self) -> None:
        expected = {"active": "processing", "done": "ready", "failed": "failed", "cancelled": "failed"}
        video = Video.objects.get(pk=self.job.video_id)
        assert video.status == expected[self.status()]
        assert video.progress >= self.percent
        assert (video.progress == 100) == (video.status == "ready")
        self.percent = video.progress

    @invariant()
    def an_active_job_can_go_on_and_an_ended_one_is_quiet(self) -> None:
        steps = Step.objects.filter(job=self.job)
        statuses = set(steps.values_list("status", flat=True))
        if self.status() == "active":
            assert statuses & {"ready", "running"}
            assert not steps.filter(status__in=["failed", "cancelled"], is_optional=False).exists()
            assert not steps.filter(status="cancelled").exists()
        else:
            assert not statuses & {"waiting", "ready", "running"}

    @invariant()
    def the_last_step_waits_for_all_others(self) -> None:
        last = Step.objects.get(job=self.job, name="last")
        others = Step.objects.filter(job=self.job).exclude(name="last")
        open_ones = others.exclude(services.ENDED)
        if last.status in {"ready", "running", "done"}:
            assert not open_ones.exists()
        elif last.status == "waiting":
            assert open_ones.exists()


@pytest.mark.long
@pytest.mark.django_db
def test_nothing_is_lost_and_nothing_done_twice() -> None:
    limits = settings(
        max_examples=length(15, 40),
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(JobMachine, settings=limits)
