from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import NoSpace, StaleWork
from processing.errors import ScratchUnusable, StoreAway
from processing.jobs import services
from processing.jobs.models import Step
from processing.jobs.waiting import (
    MOST_DOUBTED,
    PAUSES_S,
    give_back,
    has_failed,
    may_wait,
    postpone_step,
    words_of_wait,
)
from tests.captured_logs import logging_as
from tests.factories import make_job, make_step_plan

pytestmark = pytest.mark.django_db
FULL = NoSpace("The disk is full.")


def claim() -> Step:
    Step.objects.filter(status="ready").update(ready_at=timezone.now())
    step = services.claim_step(queue="encode", owner="me", lease_s=60)
    assert step is not None
    return step


def test_a_step_waits_longer_and_longer_and_nothing_counts_against_it() -> None:
    job = make_job(plans=[make_step_plan()])
    for pause_s in (*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]):
        step, before = claim(), timezone.now()
        postpone_step(step=step, error=FULL)
        step.refresh_from_db()
        assert (step.status, step.faults, step.losses, step.lease_owner) == ("ready", 0, 0, "")
        assert step.ready_at is not None
        assert timedelta(0) <= step.ready_at - before - timedelta(seconds=pause_s) < timedelta(seconds=60)
        assert (step.failure_code, words_of_wait(step)) == ("no_space", "Waits for space on the disk.")
        assert not has_failed(step)
        assert services.claim_step(queue="encode", owner="me", lease_s=60) is None
    job.refresh_from_db()
    assert job.status == "active"
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert PAUSES_S[-1] <= 600


def test_what_it_waited_for_is_no_failure_later() -> None:
    make_job(plans=[make_step_plan()])
    postpone_step(step=claim(), error=FULL)
    step = claim()
    assert (words_of_wait(step), has_failed(step)) == (None, False)
    services.finish_step(step=step, record=lambda _job: None)
    step.refresh_from_db()
    assert (words_of_wait(step), has_failed(step)) == (None, False)


def test_a_step_that_waits_can_be_cancelled() -> None:
    job = make_job(plans=[make_step_plan()])
    postpone_step(step=claim(), error=FULL)
    services.cancel_job(job=job)
    assert Step.objects.get().status == "cancelled"


def test_a_lease_that_was_lost_postpones_nothing() -> None:
    make_job(plans=[make_step_plan()])
    step = claim()
    Step.objects.update(attempt=step.attempt + 1)
    with pytest.raises(StaleWork):
        postpone_step(step=step, error=FULL)
    assert Step.objects.get().status == "running"


def test_an_operator_is_warned_once_however_many_steps_wait(data_dir: object) -> None:
    make_job(plans=[make_step_plan(name) for name in ("one", "two", "three")])
    with logging_as() as written:
        for _ in range(3):
            postpone_step(step=claim(), error=FULL)
        postpone_step(step=claim(), error=ScratchUnusable("It can't be written."))
    assert written.getvalue().count('"work_waits"') == 2
    assert written.getvalue().count('"step_waits"') == 2
    assert str(data_dir) in written.getvalue()
    assert "Make room on the disk" in written.getvalue()
    assert "Give the folder to the user who runs the workers" in written.getvalue()


def test_how_long_it_waited_for_one_thing_says_nothing_of_another() -> None:
    make_job(plans=[make_step_plan("one")])
    for _ in range(2):
        postpone_step(step=claim(), error=FULL)
        Step.objects.update(ready_at=timezone.now())
    assert Step.objects.get().waits == 2
    postpone_step(step=claim(), error=StoreAway("It is away."))
    assert Step.objects.get().waits == 1


def test_who_may_wait() -> None:
    doubted = NoSpace("x", is_sure=False)
    assert may_wait(Step(kind="encode_chunk", waits=10_000), FULL)
    assert may_wait(Step(kind="poster", waits=3), ScratchUnusable("x"))
    assert may_wait(Step(kind="text", waits=MOST_DOUBTED - 1, failure_code="no_space"), doubted)
    assert not may_wait(Step(kind="text", waits=MOST_DOUBTED, failure_code="no_space"), doubted)
    assert may_wait(Step(kind="text", waits=MOST_DOUBTED, failure_code="store_away"), doubted)
    assert not may_wait(Step(kind="remux"), FULL)


def test_a_step_that_is_given_back_is_ready_at_once_and_nothing_counts_against_it() -> None:
    make_job(plans=[make_step_plan()])
    step = claim()
    assert give_back(step=step)
    again = Step.objects.get()
    assert (again.status, again.losses, again.faults, again.waits) == ("ready", 0, 0, 0)
    other = services.claim_step(queue="encode", owner="other", lease_s=60)
    assert other is not None
    assert other.attempt == 2
    assert not give_back(step=step)  # it is another one's by now
    with pytest.raises(StaleWork):
        services.finish_step(step=step, record=lambda _job: None)
