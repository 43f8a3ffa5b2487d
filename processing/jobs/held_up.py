"""What ready work waits for although workers are there: something that a machine lacks; and whether any takes it at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from gilfoyle.lib.shared_clock import shared_now
from processing.errors import ScratchUnusable
from processing.jobs import states
from processing.jobs.models import Step
from processing.jobs.waiting import HINTS, STAND_BACK_S, WORDS


@dataclass(frozen=True, slots=True)
class HeldUp:
    """What steps wait for: in words, as it was found last, and what to do; `steps`: how many do.

    `stops_workers`: a machine leaves all work alone because of it, so that steps wait that know nothing of it.
    """

    code: str
    words: str
    found: str
    remedy: str
    steps: int
    stops_workers: bool


def list_held_up(now: datetime) -> tuple[HeldUp, ...]:
    """Return what ready steps of jobs that are under way wait for, what holds up most of them first."""
    waiting = Step.objects.filter(status=states.READY, failure_code__in=WORDS, job__status__in=states.AT_WORK)
    rows = waiting.order_by().values("failure_code").annotate(n=Count("pk"), next_at=Max("ready_at"))
    return tuple(
        HeldUp(
            code=row["failure_code"],
            words=WORDS[row["failure_code"]],
            found=_found_last(row["failure_code"]),
            remedy=HINTS[row["failure_code"]],
            steps=row["n"],
            stops_workers=_stops_workers(row["failure_code"], row["next_at"], now),
        )
        for row in sorted(rows, key=lambda row: (-row["n"], row["failure_code"]))
    )


def _found_last(code: str) -> str:
    waiting = Step.objects.filter(status=states.READY, failure_code=code, job__status__in=states.AT_WORK)
    return waiting.order_by("-finished_at").values_list("stderr_tail", flat=True).first() or ""


def _stops_workers(code: str, next_at: datetime, now: datetime) -> bool:
    """A machine that stands back tries again each minute, and then puts the step off once more."""
    return code == ScratchUnusable.code and next_at > now - timedelta(seconds=2 * STAND_BACK_S)


def busy_queues() -> frozenset[str]:
    """Return the queues whose work somebody is at: there is a worker, and what is ready waits for its turn."""
    running = Step.objects.filter(status=states.RUNNING, lease_expires_at__gte=shared_now())
    return frozenset(running.order_by().values_list("queue", flat=True).distinct())
