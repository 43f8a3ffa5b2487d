"""What ready work waits for although workers are there: something that a machine lacks; and whether any takes it at all."""

from __future__ import annotations

from collections import Counter, defaultdict
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

    `stops_queues`: a machine leaves their work alone because of it, so that steps of them wait that know nothing of it.
    """

    code: str
    words: str
    found: str
    remedy: str
    steps: int
    stops_queues: tuple[str, ...]


def list_held_up(now: datetime) -> tuple[HeldUp, ...]:
    """Return what ready steps of jobs that are under way wait for, what holds up most of them first."""
    waiting = Step.objects.filter(status=states.READY, failure_code__in=WORDS, job__status__in=states.AT_WORK)
    rows = waiting.order_by().values("failure_code", "queue").annotate(n=Count("pk"), next_at=Max("ready_at"))
    steps, stopped = Counter[str](), defaultdict[str, set[str]](set)
    for row in rows:
        steps[row["failure_code"]] += row["n"]
        if _stops_workers(row["failure_code"], row["next_at"], now):
            stopped[row["failure_code"]].add(row["queue"])
    return tuple(
        HeldUp(
            code=code,
            words=WORDS[code],
            found=_found_last(code),
            remedy=HINTS[code],
            steps=count,
            stops_queues=tuple(sorted(stopped[code])),
        )
        for code, count in sorted(steps.items(), key=lambda one: (-one[1], one[0]))
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
