"""A job as an administrator reads it: its steps, the urgent ones first, with what went wrong."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.safestring import SafeString

from gilfoyle.lib.admin_words import NONE, bar, clock, pill, when
from processing.jobs import pipeline, slots, states
from processing.jobs.held_up import busy_queues, list_held_up
from processing.jobs.models import Job, Step
from processing.jobs.paused import words_of_pause
from processing.jobs.waiting import has_failed, words_of_wait
from videos.models import Video

MOST_STEPS = 60
PATIENCE = timedelta(seconds=30)
KIND_WORDS = {
    pipeline.PROBE: "Probe the source",
    pipeline.ENCODE_CHUNK: "Encode chunk",
    pipeline.REMUX: "Offer the source as it is",
    pipeline.TRY_SAMPLES: "Try how hard the pictures are",
    pipeline.FINGERPRINT: "Compare the pictures with what is banned",
    pipeline.BAN_PICTURES: "Hash the pictures of what was banned",
    pipeline.ENCODE_AUDIO: "Encode the sound",
    pipeline.POSTER: "Make the poster",
    pipeline.STORYBOARD: "Make the storyboard",
    pipeline.PREVIEW: "Make the preview",
    pipeline.TEXT: "Read the subtitles",
    pipeline.CLEAN_SOURCE: "Clean source",
    pipeline.FINALIZE: "Finish",
    pipeline.ADOPT: "Take over what stays",
}
# By how much a job or step wants a look.
URGENCY = (
    states.FAILED,
    states.RUNNING,
    states.ACTIVE,
    states.READY,
    states.WAITING,
    states.CANCELLED,
    states.DONE,
)


# What ended, as it went; what waits, as it will go; the last step last.
STEP_ORDER = (
    "urgency",
    F("finished_at").asc(nulls_last=True),
    F("ready_at").asc(nulls_last=True),
    "priority",
    "name",
)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step, in words."""

    id: str
    title: str
    status: SafeString
    queue: str
    attempt: int
    faults: int
    took: str
    progress: SafeString | str
    failure: str
    is_waiting: bool  # `failure` says for what: nothing is wrong with it
    failure_code: str
    command: str
    stderr_tail: str
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class JobPanel:
    """The latest job of a video; `hidden_steps` of its steps are on the list of steps only."""

    job: Job
    status: SafeString
    is_active: bool
    began: SafeString | str
    took: str
    done_steps: int
    all_steps: int
    steps: tuple[StepRow, ...]
    hidden_steps: int
    is_waiting_long: bool
    waits_for: str  # what the machine lacks, or whose turn it is, in words


def latest_job(video: Video) -> Job | None:
    """Return the newest job of a video, or None where it was never processed."""
    return Job.objects.filter(video=video).order_by("-created_at", "-id").first()


def describe_job(job: Job) -> JobPanel:
    """Read a job's steps: at most MOST_STEPS of them, failed and running ones first."""
    counts = dict(Step.objects.filter(job=job).order_by().values_list("status").annotate(n=Count("pk")))
    steps = list(most_urgent_first(Step.objects.filter(job=job)).order_by(*STEP_ORDER)[:MOST_STEPS])
    now = timezone.now()
    total = sum(counts.values())
    waits_for = next(filter(None, map(words_of_wait, steps)), words_of_pause(job) or slots.words_of_wait(job))
    left_alone = "" if waits_for else queue_left_alone(job, counts, now)
    if left_alone:  # others may know why
        held_up = list_held_up(now)
        waits_for = next((held.words for held in held_up if left_alone in held.stops_queues), "")
    return JobPanel(
        job=job,
        status=pill(job.status if job.status != states.ACTIVE else "processing"),
        is_active=job.status == states.ACTIVE,
        began=when(job.created_at),
        took=took(job.created_at, job.finished_at, now),
        done_steps=counts.get(states.DONE, 0),
        all_steps=total,
        steps=tuple(describe_step(step, now) for step in steps),
        hidden_steps=total - len(steps),
        is_waiting_long=bool(left_alone) and not waits_for,
        waits_for=waits_for,
    )


def queue_left_alone(job: Job, counts: dict[str, int], now: datetime) -> str:
    """Return the queue of an active job's work that nobody takes, nor other work of it: no worker may be running. Else nothing."""
    idle = job.status == states.ACTIVE and not counts.get(states.RUNNING)
    ready = Step.objects.filter(job=job, status=states.READY) if idle else Step.objects.none()
    first = ready.filter(ready_at__lt=now - PATIENCE).order_by("ready_at").first()
    return first.queue if first is not None and first.queue not in busy_queues() else ""


def most_urgent_first(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Order jobs or steps by `urgency`: failed, running, ready, waiting, ended."""
    ranks = [When(status=status, then=Value(rank)) for rank, status in enumerate(URGENCY)]
    rank = Case(*ranks, default=Value(len(URGENCY)), output_field=IntegerField())
    ranked: QuerySet[Any] = rows.annotate(urgency=rank).order_by("urgency")
    return ranked


def describe_step(step: Step, now: datetime) -> StepRow:
    """Return one step in words; a command and its output are there only after a failure."""
    waits_for = words_of_wait(step)
    is_noted = has_failed(step) or waits_for is not None
    return StepRow(
        id=step.pk,
        title=title_of(step),
        status=pill(step.status),
        queue=step.queue,
        attempt=step.attempt,
        faults=step.faults,
        took=took(step.started_at, step.finished_at, now) if step.status != states.WAITING else NONE,
        progress=bar(step.progress * 100) if step.status == states.RUNNING else "",
        failure=waits_for or (_failure_in_words(step) if is_noted else ""),
        is_waiting=waits_for is not None,
        failure_code=step.failure_code if is_noted else "",
        command=shlex.join(step.argv) if is_noted else "",
        stderr_tail=step.stderr_tail.strip() if is_noted else "",
        exit_code=step.exit_code if is_noted else None,
    )


def _failure_in_words(step: Step) -> str:
    is_done_without = step.is_optional and step.status == states.FAILED
    return f"{step.failure_message} The video does without it." if is_done_without else step.failure_message


def title_of(step: Step) -> str:
    """Return what a step does, in words."""
    words = KIND_WORDS.get(step.kind, step.kind)
    if step.kind == pipeline.ENCODE_CHUNK:
        return f"{words} {int(step.inputs.get('chunk', 0)) + 1}"
    return words


def took(began: datetime | None, ended: datetime | None, now: datetime) -> str:
    """Return how long something took, or has been taking."""
    if began is None:
        return NONE
    return clock(max(0.0, ((ended or now) - began).total_seconds()))
