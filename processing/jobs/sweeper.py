"""Finds work that was lost: leases of dead workers, nudges that never arrived, scratch folders left behind.

Any process may run it, and several may at once: each change is conditional.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db.models import Count, Min

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.queue import QUEUES, send
from gilfoyle.lib.shared_clock import shared_now
from processing.jobs import services, slots, states
from processing.jobs.metrics import LEASE, NUDGE, RESCUES
from processing.jobs.models import Step
from processing.jobs.paused import without_paused

log = structlog.get_logger(__name__)
BATCH = 200
IDLE_PATIENCE = timedelta(seconds=2)
BUSY_PATIENCE = timedelta(seconds=10)
SCRATCH_PATIENCE_S = 60
_last_nudge: dict[str, datetime] = {}


def sweep(*, now: datetime | None = None) -> int:
    """Free lost steps, wake idle queues; returns how many steps were freed."""
    now = now or shared_now()
    freed = free_lost_steps(now=now)
    for queue in QUEUES:
        wake_queue(queue, now=now)
    return freed


def free_lost_steps(*, now: datetime) -> int:
    """Give away the steps whose lease has run out; returns how many."""
    lost = Step.objects.filter(status=states.RUNNING, lease_expires_at__lt=now)
    freed = 0
    for step in lost[:BATCH]:
        with suppress(StaleWork):  # its video was purged since it was looked up
            if not services.free_lost_step(step=step):
                continue
            freed += 1
            RESCUES.add(LEASE)
            log.warning(
                "step_freed", step_id=step.pk, name=step.name, job_id=step.job_id, owner=step.lease_owner
            )
    return freed


def wake_queue(queue: str, *, now: datetime) -> bool:
    """Send nudges again where ready work has waited although nobody works, or now and then where somebody does.

    Few, so that a long backlog does not flood the broker: each finished step asks for the next by itself.
    """
    waiting_here = Step.objects.filter(
        queue=queue, status=states.READY, ready_at__lte=now, job__status__in=states.AT_WORK
    )
    ready = slots.without_held_back(without_paused(waiting_here))
    waiting = ready.aggregate(count=Count("pk"), oldest=Min("ready_at"))
    if not waiting["count"]:
        return False
    is_idle = not Step.objects.filter(queue=queue, status=states.RUNNING).exists()
    patience = IDLE_PATIENCE if is_idle else BUSY_PATIENCE
    since = max(waiting["oldest"], _last_nudge.get(queue, waiting["oldest"]))
    if now - since < patience:
        return False
    _last_nudge[queue] = now
    RESCUES.add(NUDGE)
    for _ in range(min(4 if is_idle else 1, waiting["count"])):
        send("run_step", queue=queue, of=queue)
    return True


def clear_scratch(folder: Path) -> int:
    """Remove the work folders of steps that this machine no longer runs; returns how many."""
    if not folder.is_dir():
        return 0
    cleared = 0
    for left in folder.iterdir():
        step_id, _, attempt = left.name.partition("-")
        try:
            is_old = time.time() - left.stat().st_mtime > SCRATCH_PATIENCE_S
        except FileNotFoundError:  # its worker has just cleared it itself
            continue
        if is_old and attempt.isdigit() and not _is_running(step_id, int(attempt)):
            shutil.rmtree(left, ignore_errors=True)
            cleared += 1
    return cleared


def _is_running(step_id: str, attempt: int) -> bool:
    return Step.objects.filter(pk=step_id, attempt=attempt, status=states.RUNNING).exists()
