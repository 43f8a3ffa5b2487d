"""The table of moves decides: a move that is taken out of it is made by no service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from processing.jobs import again, services, states
from processing.jobs.models import Job, Step
from tests.factories import get_step, make_job, make_step_plan
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db


def finish(step: Step) -> None:
    services.finish_step(step=step, record=lambda _job: None)


def fail(step: Step, *, is_final: bool) -> None:
    services.fail_step(step=step, code="x", message="x", max_attempts=3, facts={}, is_final=is_final)


def free(step: Step, *, losses: int) -> None:
    Step.objects.filter(pk=step.pk).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1), losses=losses
    )
    services.free_lost_step(step=Step.objects.get(pk=step.pk))


def retry(step: Step) -> None:
    Job.objects.update(status="failed")
    Video.objects.update(status="failed")
    again.retry_job(job=step.job)


def fail_optional(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(is_optional=True)
    fail(Step.objects.get(pk=step.pk), is_final=True)


def do_anew(step: Step) -> None:
    again.do_again(video_id=step.job.video_id, kind=step.kind)


MOVES: list[tuple[str, str, str, Callable[[Step], None]]] = [
    ("first", "running", "done", finish),
    ("first", "running", "failed", lambda step: fail(step, is_final=True)),
    ("first", "running", "ready", lambda step: fail(step, is_final=False)),
    ("first", "running", "ready", lambda step: free(step, losses=0)),
    ("first", "running", "failed", lambda step: free(step, losses=services.MAX_LOST_LEASES)),
    ("first", "running", "cancelled", lambda step: services.cancel_job(job=step.job)),
    ("first", "ready", "cancelled", lambda step: services.cancel_job(job=step.job)),
    ("last", "waiting", "cancelled", lambda step: services.cancel_job(job=step.job)),
    ("last", "waiting", "ready", lambda step: finish(get_step(step.job, "first"))),
    ("last", "waiting", "ready", lambda step: fail_optional(get_step(step.job, "first"))),
    ("first", "done", "ready", do_anew),
    ("first", "running", "ready", do_anew),
    ("first", "failed", "ready", do_anew),
    ("first", "failed", "ready", retry),
    ("first", "cancelled", "ready", retry),
    ("last", "failed", "waiting", retry),
    ("last", "cancelled", "waiting", retry),
]


def moved(name: str, current: str, move: Callable[[Step], None]) -> str:
    """Return what becomes of a step in status `current`."""
    job = make_job(plans=[make_step_plan("first"), make_step_plan("last", queue="default", needs=("first",))])
    claimed = services.claim_step(queue="encode", owner="me", lease_s=60)
    assert claimed is not None
    Step.objects.filter(name=name).update(status=current)
    with suppress(StaleWork):
        move(get_step(job, name))
    return get_step(job, name).status


@pytest.mark.parametrize(("name", "current", "wanted", "move"), MOVES)
@pytest.mark.parametrize("is_in_table", [True, False])
def test_a_service_makes_the_moves_of_the_table_alone(
    name: str,
    current: str,
    wanted: str,
    move: Callable[[Step], None],
    is_in_table: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_in_table:
        table: dict[str, Any] = {**states.STEP_TRANSITIONS}
        table[current] = table[current] - {wanted}
        monkeypatch.setattr(states, "STEP_TRANSITIONS", table)
    assert moved(name, current, move) == (wanted if is_in_table else current)


def test_every_move_of_the_table_is_made_by_a_service() -> None:
    table = {(current, wanted) for current, moves in states.STEP_TRANSITIONS.items() for wanted in moves}
    claimed = {("ready", "running")}
    woken_at_once = {("cancelled", "ready"), ("failed", "ready")}
    assert table == {(current, wanted) for _, current, wanted, _ in MOVES} | claimed | woken_at_once
