from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from gilfoyle.lib.errors import StaleWork
from processing.jobs import services
from processing.jobs.models import Job, Step
from processing.jobs.retrying import PAUSES_S, persist
from tests.broken_database import Stumble, cut_idle_connection
from tests.factories import get_step, make_job, make_step_plan

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = (0.0,) * len(PAUSES_S)


def locked() -> None:
    message = "database is locked"
    raise OperationalError(message)


def still_ours() -> None:
    """Hold the lease."""


def claimed() -> Step:
    make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=60)
    assert step is not None
    return step


def note(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(failure_message="recorded")


def finish(step: Step, *, heartbeat: Callable[[], None] = still_ours) -> None:
    persist(
        lambda: services.finish_step(step=step, record=note),
        heartbeat=heartbeat,
        is_done=lambda: services.is_finished(step),
        pauses_s=AT_ONCE,
    )


def outcome(step: Step) -> tuple[str, int, str]:
    row = get_step(step.job, step.name)
    return row.status, row.faults, Job.objects.get(pk=step.job_id).failure_message


@pytest.mark.parametrize("part", ['UPDATE "processing_step"', 'UPDATE "processing_job"', "SELECT"])
def test_a_result_outlasts_a_database_that_stumbles_four_times(part: str) -> None:
    step = claimed()
    stumble = Stumble(locked, part=part, times=4)
    with connection.execute_wrapper(stumble):
        finish(step)
    assert stumble.met == 4
    assert outcome(step) == ("done", 0, "recorded")


def test_a_part_of_a_result_does_too() -> None:
    step = claimed()
    stumble = Stumble(locked, part='UPDATE "processing_job"', times=4)
    with connection.execute_wrapper(stumble):
        persist(lambda: services.record_part(step=step, record=note), heartbeat=still_ours, pauses_s=AT_ONCE)
    assert stumble.met == 4
    assert outcome(step) == ("running", 0, "recorded")


def test_the_fifth_time_is_the_last() -> None:
    step = claimed()
    stumble = Stumble(locked, part='UPDATE "processing_job"', times=9)
    with connection.execute_wrapper(stumble), pytest.raises(OperationalError):
        finish(step)
    assert stumble.met == 5
    assert outcome(step) == ("running", 0, "")


def test_a_step_whose_commit_was_not_answered_is_done() -> None:
    def commit_and_lose_the_answer() -> None:
        tries.append("try")
        services.finish_step(step=step, record=note)
        locked()

    step, tries = claimed(), list[str]()
    persist(
        commit_and_lose_the_answer,
        heartbeat=lambda: pytest.fail("the lease of a step that is done can't be held"),
        is_done=lambda: services.is_finished(step),
        pauses_s=AT_ONCE,
    )
    assert tries == ["try"]
    assert outcome(step) == ("done", 0, "recorded")


def test_what_another_attempt_has_done_is_not_ours() -> None:
    step = claimed()
    Step.objects.update(attempt=2, status="done")
    assert not services.is_finished(step)
    with connection.execute_wrapper(Stumble(locked)), pytest.raises(StaleWork):
        finish(step)


def test_it_ends_with_the_lease() -> None:
    def lost() -> None:
        message = "lost"
        raise StaleWork(message)

    step = claimed()
    stumble = Stumble(locked, part='UPDATE "processing_step"', times=9)
    with connection.execute_wrapper(stumble), pytest.raises(StaleWork):
        finish(step, heartbeat=lost)
    assert stumble.met == 1


def test_only_the_database_s_own_troubles_are_tried_again() -> None:
    tries = []

    def refused() -> None:
        tries.append("try")
        raise IntegrityError

    with pytest.raises(IntegrityError):
        persist(refused, heartbeat=still_ours, pauses_s=AT_ONCE)
    assert tries == ["try"]


def test_a_connection_that_was_cut_while_it_idled_is_replaced_first() -> None:
    step = claimed()
    cut_idle_connection()
    finish(step)
    assert outcome(step) == ("done", 0, "recorded")


def test_a_transaction_around_it_stays_open() -> None:
    with transaction.atomic():
        persist(lambda: None, heartbeat=still_ours)
        assert connection.in_atomic_block
        assert connection.connection is not None
