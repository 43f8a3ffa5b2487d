from __future__ import annotations

from typing import Any

import pytest

from processing.jobs import services, turns
from processing.jobs.models import Step
from tests.factories import make_job, make_project, make_step_plan, make_video
from videos.models import Project

pytestmark = pytest.mark.django_db


def make_work(project: Project, name: str, *, chunks: int = 1, priority: int = 100) -> None:
    plans = [make_step_plan(f"{name}-{at:02}", priority=priority) for at in range(chunks)]
    make_job(make_video(project, status="processing"), plans=plans)


def claim(count: int) -> list[str]:
    taken = [services.claim_step(queue="encode", owner="me", lease_s=60) for _ in range(count)]
    return [step.name for step in taken if step is not None]


def test_a_thousand_of_one_project_do_not_hold_up_one_of_another() -> None:
    many, one = make_project(), make_project()
    for at in range(10):
        make_work(many, f"many{at}", chunks=2, priority=1)  # more urgent, and older
    assert claim(3) == ["many0-00", "many0-01", "many1-00"]
    make_work(one, "one", chunks=3)
    assert claim(3) == ["one-00", "one-01", "one-02"]
    assert claim(1) == ["many1-01"]


def test_those_who_are_at_work_with_as_much_go_by_urgency_and_age() -> None:
    first, second = make_project(), make_project()
    make_work(first, "late", priority=20)
    make_work(second, "soon", priority=10)
    make_work(first, "later", priority=30)
    assert claim(3) == ["soon-00", "late-00", "later-00"]


def test_work_of_other_queues_counts_for_nobody() -> None:
    many, one = make_project(), make_project()
    make_work(many, "a", priority=1)
    make_work(one, "b", priority=2)
    Step.objects.create(
        job=Step.objects.get(name="a-00").job, name="p", kind="probe", queue="probe", status="running"
    )
    assert claim(2) == ["a-00", "b-00"]


def test_a_claim_asks_a_handful_of_times_however_much_waits(django_assert_max_num_queries: Any) -> None:
    projects = [make_project() for _ in range(6)]
    for at, project in enumerate(projects):
        make_work(project, f"p{at}", chunks=at + 1)
    claim(12)
    ready = Step.objects.filter(queue="encode", status="ready").order_by("priority", "ready_at", "name")
    with django_assert_max_num_queries(2 + 2 * turns.MOST_LEVELS):
        assert turns.next_steps(ready, queue="encode")
