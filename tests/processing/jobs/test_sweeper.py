import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker

from gilfoyle.lib.queue import make_broker
from processing.jobs import services, sweeper
from processing.jobs.models import Job, Step
from processing.jobs.sweeper import (
    BUSY_PATIENCE,
    IDLE_PATIENCE,
    clear_scratch,
    free_lost_steps,
    sweep,
    wake_queue,
)
from tests.factories import make_job, make_step_plan, make_video
from videos.access.services import set_project_limits

pytestmark = pytest.mark.django_db
MOMENT = timedelta(milliseconds=1)


@pytest.fixture(autouse=True)
def no_memory() -> Iterator[None]:
    sweeper._last_nudge.clear()
    yield
    sweeper._last_nudge.clear()


def make_ready(count: int, *, ready_at: datetime) -> Job:
    job = make_job(plans=[make_step_plan(f"part-{at:02}") for at in range(count)])
    Step.objects.filter(job=job).update(ready_at=ready_at)
    return job


def nudges(broker: StubBroker) -> int:
    return broker.queues["encode"].qsize() if "encode" in broker.queues else 0


def test_a_step_whose_worker_died_is_given_away() -> None:
    now = timezone.now()
    job = make_ready(2, ready_at=now)
    dead = services.claim_step(queue="encode", owner="dead", lease_s=15)
    living = services.claim_step(queue="encode", owner="living", lease_s=60)
    assert dead is not None
    assert living is not None
    assert free_lost_steps(now=now) == 0
    later = timezone.now() + timedelta(seconds=30)
    assert sweep(now=later) == 1
    assert dict(Step.objects.filter(job=job).values_list("pk", "status")) == {
        dead.pk: "ready",
        living.pk: "running",
    }
    assert sweep(now=later) == 0


def test_ready_work_that_nobody_does_is_announced_again_but_not_without_end(stub_broker: StubBroker) -> None:
    now = timezone.now()
    make_ready(20, ready_at=now)
    assert not wake_queue("encode", now=now + IDLE_PATIENCE - MOMENT)
    assert wake_queue("encode", now=now + IDLE_PATIENCE)
    assert nudges(stub_broker) == 4
    assert not wake_queue("encode", now=now + 2 * IDLE_PATIENCE - MOMENT)
    assert wake_queue("encode", now=now + 2 * IDLE_PATIENCE)
    assert nudges(stub_broker) == 8


def test_where_somebody_works_one_nudge_now_and_then_is_enough(stub_broker: StubBroker) -> None:
    now = timezone.now()
    make_ready(20, ready_at=now)
    assert services.claim_step(queue="encode", owner="me", lease_s=60)
    assert not wake_queue("encode", now=now + BUSY_PATIENCE - MOMENT)
    assert wake_queue("encode", now=now + BUSY_PATIENCE)
    assert nudges(stub_broker) == 1


def test_no_more_is_announced_than_there_is(stub_broker: StubBroker) -> None:
    now = timezone.now()
    job = make_ready(3, ready_at=now)
    Step.objects.filter(job=job, name="part-00").update(ready_at=now + timedelta(hours=1))
    Step.objects.filter(job=job, name="part-01").update(status="waiting")
    assert wake_queue("encode", now=now + IDLE_PATIENCE)
    assert nudges(stub_broker) == 1
    Job.objects.update(status="cancelled")
    assert not wake_queue("encode", now=now + timedelta(hours=2))
    assert not wake_queue("probe", now=now + timedelta(hours=2))


def test_what_waits_for_a_place_is_not_announced(stub_broker: StubBroker) -> None:
    now = timezone.now()
    job = make_ready(1, ready_at=now)
    project = job.video.project
    set_project_limits(project=project, limits={"max_encodes_at_once": 1})
    make_job(make_video(project, status="processing"), has_place=True)
    assert not wake_queue("encode", now=now + IDLE_PATIENCE)
    set_project_limits(project=project, limits={"max_encodes_at_once": 2})
    assert wake_queue("encode", now=now + IDLE_PATIENCE)
    assert nudges(stub_broker) == 1


def test_what_a_dead_broker_did_not_take_is_announced_when_it_is_back(stub_broker: StubBroker) -> None:
    now = timezone.now()
    make_ready(1, ready_at=now)
    dramatiq.set_broker(make_broker("redis://127.0.0.1:1/0"))
    try:
        sweep(now=now + IDLE_PATIENCE)
    finally:
        dramatiq.set_broker(stub_broker)
    assert nudges(stub_broker) == 0
    sweep(now=now + 2 * IDLE_PATIENCE)
    assert nudges(stub_broker) == 1


def test_scratch_of_dead_workers_is_cleared_and_of_living_ones_is_not(tmp_path: Path, settings: Any) -> None:
    make_job(plans=[make_step_plan()])
    step = services.claim_step(queue="encode", owner="me", lease_s=60)
    assert step is not None
    work = Path(settings.DATA_DIR) / "work"
    old = timezone.now().timestamp() - 3600
    folders = {
        name: work / name
        for name in (f"{step.pk}-1", f"{step.pk}-0", "stp_gone-7", "somebody's", "stp_new-1")
    }
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "half.mp4").write_bytes(b"x")
        if name != "stp_new-1":
            os.utime(folder, (old, old))
    clear_scratch(work)
    assert {folder.name for folder in work.iterdir()} == {f"{step.pk}-1", "somebody's", "stp_new-1"}
    assert clear_scratch(tmp_path / "not there") == 0
