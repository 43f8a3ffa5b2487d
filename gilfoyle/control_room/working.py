"""What the dashboard tells of work: who does what now, what was finished, hour by hour, and what failed and why.

What is at work costs the same however much is done; what was done is read by an index over two days, or seven of failures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncHour
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from gilfoyle import admin_dashboard
from gilfoyle.control_room.bars import draw_bars
from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import bar, clock
from gilfoyle.work_report import MOST_RUNNING, RunningStep, list_running, list_workers
from processing.jobs import states
from processing.jobs.models import Job
from videos.access.internal import INTERNAL_PROJECT_IDS

HOURS = 24
FAILURES_OF = timedelta(days=7)
LONGEST_JOB = timedelta(days=1)  # a job that began before is not counted: the index is by when they began
MOST_REASONS = 6
MOST_STEPS = 6  # of one worker


@dataclass(frozen=True, slots=True)
class WorkNow:
    """A step that a worker is at, in words."""

    title: str
    address: str
    progress: SafeString
    facts: str


@dataclass(frozen=True, slots=True)
class WorkerNow:
    """A worker that holds work, and what; `more` steps are not shown."""

    name: str
    is_lost: bool
    steps: tuple[WorkNow, ...]
    more: int


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the dashboard's context what this administrator may see."""
    context = admin_dashboard.fill_dashboard(request, context)
    now = timezone.now()
    if context["may_see_work"]:
        context |= describe_workers(now)
    if context["may_see_videos"] and not context["is_empty"]:
        context |= {"finished": describe_finished(now), "reasons": list_reasons(now)}
    return context


def describe_now(now: datetime) -> dict[str, Any]:
    """Return what the part of the dashboard shows that is asked for again and again: queues and workers."""
    return {**admin_dashboard.describe_queues(now), **describe_workers(now)}


def describe_workers(now: datetime) -> dict[str, Any]:
    """Return the workers that hold work, by name; `workers_are_cut`: there is more than is shown."""
    running = list(list_running(now))
    held: dict[str, list[RunningStep]] = {}
    for step in running:
        held.setdefault(step.worker, []).append(step)
    workers = [
        WorkerNow(
            name=worker.name,
            is_lost=worker.is_lost,
            steps=tuple(_describe(step) for step in held[worker.name][:MOST_STEPS]),
            more=max(0, worker.steps - MOST_STEPS),
        )
        for worker in list_workers(running)
    ]
    return {"workers": workers, "workers_are_cut": len(running) >= MOST_RUNNING}


def _describe(step: RunningStep) -> WorkNow:
    facts = [f"for {clock(step.took_s)}"]
    facts += [f"{step.speed:.1f} times as fast as it plays"] if step.speed else []
    facts += [f"{clock(step.left_s)} left"] if step.left_s else []
    return WorkNow(
        title=step.title,
        address=page_of("processing_step_change", step.step_id),
        progress=bar(step.progress * 100),
        facts=", ".join(facts),
    )


def describe_finished(now: datetime) -> dict[str, Any]:
    """Return what was finished in the last 24 hours, by hour, the present one last: videos, and their minutes."""
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=HOURS - 1 - place) for place in range(HOURS)]
    done = Job.objects.filter(
        status=states.DONE, created_at__gte=hours[0] - LONGEST_JOB, finished_at__gte=hours[0]
    ).exclude(video__project__in=INTERNAL_PROJECT_IDS)
    rows = done.order_by().annotate(hour=TruncHour("finished_at")).values("hour")
    found = {row["hour"]: row for row in rows.annotate(n=Count("pk"), media_s=Sum("video__duration_s"))}
    counts = [int(found.get(hour, {}).get("n", 0)) for hour in hours]
    minutes = [float(found.get(hour, {}).get("media_s") or 0) / 60 for hour in hours]
    words = [
        f"{hour:%H:%M} UTC: {count} {'video' if count == 1 else 'videos'}, {length:.0f} minutes"
        for hour, count, length in zip(hours, counts, minutes, strict=True)
    ]
    told = f"Videos finished by hour in the last {HOURS} hours: {sum(counts)}, {sum(minutes):.0f} minutes."
    return {
        "count": sum(counts),
        "minutes": f"{sum(minutes):,.0f}",
        "svg": draw_bars(counts, words, told=told),
        "first": f"{hours[0]:%H:%M}",
        "last": f"{hours[-1]:%H:%M}",
        "most": max(counts),
    }


def list_reasons(now: datetime) -> list[dict[str, Any]]:
    """Return why jobs that began in the last seven days failed, the most first."""
    failed = Job.objects.filter(status=states.FAILED, created_at__gte=now - FAILURES_OF)
    failed = failed.exclude(video__project__in=INTERNAL_PROJECT_IDS).order_by()
    rows = list(
        failed.values("failure_code").annotate(n=Count("pk")).order_by("-n", "failure_code")[:MOST_REASONS]
    )
    most = max((row["n"] for row in rows), default=1)
    return [
        {
            "code": row["failure_code"] or "unknown",
            "words": (row["failure_code"] or "unknown").replace("_", " ").capitalize(),
            "count": row["n"],
            "share": 100 * row["n"] / most,
        }
        for row in rows
    ]
