"""The life of jobs and steps: start, claim, renew, finish, fail, cancel, retry.

A step is done by the one worker that holds its lease; every change asks for the lease's `attempt`, so that a
worker that was given up can change nothing. Fan-in happens in `finish_step`, under a lock on the Job row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.queue import send_on_commit
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.states import is_allowed, require_transition
from gilfoyle.lib.transactions import atomic
from processing.errors import SourceAltered
from processing.jobs import pipeline, slots, states, turns
from processing.jobs.encryption import prepare_encryption
from processing.jobs.models import Job, Step
from processing.jobs.origin import origin_here
from processing.jobs.paused import without_paused
from processing.jobs.pipeline import StepPlan
from processing.jobs.progress import job_percent
from processing.media import EncodePlan
from videos.catalog import renditions, revisions
from videos.catalog import services as catalog
from videos.catalog.selectors import list_opened_renditions
from videos.catalog.trail import note_deed
from videos.models import Video

MAX_LOST_LEASES = 50
WORKER_LOST, NO_REASON = "worker_lost", "Processing stopped again and again without saying why."
# What nobody waits for any more: done, or failed for good where the job can go on without it.
ENDED = Q(status=states.DONE) | Q(status=states.FAILED, is_optional=True)
Record = Callable[[Job], None]


def nudge(queue: str) -> None:
    """Say that there is work in a queue, once the transaction has committed."""
    send_on_commit("run_step", queue=queue, of=queue)


@atomic
def start_job(*, video_id: str) -> Job:
    """Begin all work on a video's present revision."""
    video = Video.objects.get(pk=video_id)
    job = Job(video=video, revision=video.revision, **origin_here())
    prepare_encryption(job)
    job.save()
    add_steps(job=job, plans=[pipeline.plan_first_step()])
    return job


def add_steps(*, job: Job, plans: Iterable[StepPlan]) -> None:
    """Write steps; those that need nothing are ready at once. Call inside a transaction."""
    now = shared_now()
    rows = [
        Step(
            job=job,
            name=plan.name,
            kind=plan.kind,
            queue=plan.queue,
            priority=plan.priority,
            weight=plan.weight,
            needs=list(plan.needs),
            inputs=plan.inputs,
            is_optional=plan.is_optional,
            status=states.WAITING if plan.needs else states.READY,
            ready_at=None if plan.needs else now,
        )
        for plan in plans
    ]
    Step.objects.bulk_create(rows)
    for row in rows:
        if row.status == states.READY:
            nudge(row.queue)


def claim_step(*, queue: str, owner: str, lease_s: float) -> Step | None:
    """Take under a lease the ready step of a queue whose turn it is (turns.py), or None where there is none.

    One conditional UPDATE decides between workers: no row lock, the same on every database. Only a job that begins
    takes its place under a lock.
    """
    now = shared_now()
    ready = Step.objects.filter(
        queue=queue, status=states.READY, ready_at__lte=now, job__status__in=states.AT_WORK
    )
    ready = ready.select_related("job__video").order_by("priority", "ready_at", "name")
    while candidates := turns.next_steps(slots.without_held_back(without_paused(ready)), queue=queue):
        for step in candidates:
            if _claim(step, owner=owner, now=now, lease_s=lease_s):
                # By its attempt: should it be somebody else's again already, it is not ours under their name.
                ours = Step.objects.select_related("job__video").filter(pk=step.pk, attempt=step.attempt + 1)
                if mine := ours.first():
                    return mine
    return None


@atomic
def _claim(step: Step, *, owner: str, now: datetime, lease_s: float) -> bool:
    if not slots.take_place(step.job):  # the job's row before its steps', as everywhere
        return False
    claimed = move_steps(
        Step.objects.filter(pk=step.pk, attempt=step.attempt),
        states.RUNNING,
        attempt=step.attempt + 1,
        lease_owner=owner,
        lease_expires_at=now + timedelta(seconds=lease_s),
        started_at=now,
        finished_at=None,
        progress=0,
    )
    if not claimed:
        transaction.set_rollback(True)  # its place, too
    return bool(claimed)


def locked_job(job_id: str) -> Job:
    """Lock a job, after its video: `delete_video` comes from there, and must not be met half-way.

    Raises: StaleWork when it is gone, with its video.
    """
    video_id = Job.objects.filter(pk=job_id).values_list("video_id", flat=True).first()
    if video_id is not None:
        catalog.hold_video(video_id=video_id)
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        message = "This job is gone."
        raise StaleWork(message, job_id=job_id)
    return job


def move_steps(steps: QuerySet[Step], wanted: str, **changes: Any) -> int:
    """Move those of the steps that the table lets become `wanted`; returns how many."""
    movable = [
        status for status in states.STEP_STATUSES if is_allowed(states.STEP_TRANSITIONS, status, wanted)
    ]
    return steps.filter(status__in=movable).update(status=wanted, **changes)


def _held(step: Step) -> QuerySet[Step]:
    return Step.objects.filter(pk=step.pk, status=states.RUNNING, attempt=step.attempt)


def renew_lease(*, step: Step, lease_s: float, progress: float) -> bool:
    """Keep a step, and note how far it is; False when it was lost to another worker or cancelled."""
    until = shared_now() + timedelta(seconds=lease_s)
    # Asked here too: a restriction and a claim may just have missed each other.
    if not without_paused(_held(step)).update(lease_expires_at=until, progress=progress):
        return False
    _record_progress(step.job)
    return True


def _record_progress(job: Job) -> None:
    if job.plan is not None and not job.is_reprocessing:
        catalog.record_progress(video_id=job.video_id, percent=percent_done(job))


def percent_done(job: Job) -> int:
    """Return how much of a job's work is done, in percent."""
    share = Case(When(ENDED, then=Value(1.0)), default=F("progress"))
    return job_percent(Step.objects.filter(job=job).annotate(share=share).values_list("weight", "share"))


@atomic
def finish_step(*, step: Step, record: Record) -> None:
    """End a step well: record its result, wake the steps that waited for it, all or nothing.

    Raises: StaleWork when the lease was lost meanwhile; nothing is recorded then.
    """
    job = locked_job(step.job_id)
    now = shared_now()
    if not move_steps(
        without_paused(_held(step)),
        states.DONE,
        progress=1,
        finished_at=now,
        lease_expires_at=None,
        lease_owner="",
    ):
        message = "The lease of this step was lost."
        raise StaleWork(message, step_id=step.pk)
    record(job)
    wake_waiting(job)
    _open_for_players(job)
    _record_progress(job)


def _give_up(job: Job, step: Step, code: str, message: str) -> None:
    """Go on without a step that has failed for good, where that is possible; else the job fails."""
    # What one step read altered, the others may have read so, too: they are not to be done without, but anew.
    spoils_others = code == SourceAltered.code and job.status == states.ACTIVE
    if step.is_optional and not spoils_others:
        if step.kind == pipeline.REMUX:
            take_back_copy(job)
        wake_waiting(job)
        _record_progress(job)
    else:
        _fail_job(job, code, message)


def take_back_copy(job: Job) -> None:
    """Remove a stop-gap that ends too early: players would wait for its end. Call inside a transaction."""
    plan = EncodePlan.from_json(job.plan) if job.plan else None
    if plan is None or plan.copy is None:
        return
    renditions.remove_rendition(video_id=job.video_id, revision=job.revision, name=plan.copy.name)
    if not pipeline.is_playable(plan, list_opened_renditions(job.video_id, job.revision)):
        catalog.mark_unplayable(video_id=job.video_id)


def is_finished(step: Step) -> bool:
    """Tell whether a step was ended well by the very attempt that `step` is."""
    return Step.objects.filter(pk=step.pk, status=states.DONE, attempt=step.attempt).exists()


@atomic
def record_part(*, step: Step, record: Record) -> None:
    """Record a part of a step's result while the rest is still being made.

    Raises: StaleWork when the lease was lost meanwhile; nothing is recorded then.
    """
    job = locked_job(step.job_id)
    if not without_paused(_held(step)).exists():
        message = "The lease of this step was lost."
        raise StaleWork(message, step_id=step.pk)
    record(job)
    _open_for_players(job)


def _open_for_players(job: Job) -> None:
    if job.plan is None or job.status != states.ACTIVE or job.video.playable:
        return
    plan = EncodePlan.from_json(job.plan)
    if plan.recognition == "before_play" and _is_to_be_compared(job):
        return
    opened = list_opened_renditions(job.video_id, job.revision)
    if pipeline.is_playable(plan, opened):
        catalog.mark_playable(video_id=job.video_id)


def _is_to_be_compared(job: Job) -> bool:
    """Tell whether it is not known yet that a video is none of the banned ones."""
    return Step.objects.filter(job=job, kind=pipeline.FINGERPRINT).exclude(status=states.DONE).exists()


def wake_waiting(job: Job) -> None:
    waiting = {step.name: step for step in Step.objects.filter(job=job, status=states.WAITING)}
    ended = set(Step.objects.filter(ENDED, job=job).values_list("name", flat=True))
    for name in pipeline.ready_names(waiting.values(), ended):
        woken = Step.objects.filter(pk=waiting[name].pk, status=states.WAITING)
        move_steps(woken, states.READY, ready_at=shared_now())
        nudge(waiting[name].queue)


def finish_job(job: Job) -> None:
    """Close a job whose last step is done, and its video. Call inside a transaction."""
    require_transition(states.JOB_TRANSITIONS, job.status, states.DONE, subject="job")
    job.status, job.finished_at, job.has_place = states.DONE, shared_now(), False
    job.save(update_fields=["status", "finished_at", "has_place"])
    slots.wake_others(job)
    _leave_out_unfinished(job)
    if job.is_reprocessing:
        revisions.replace_revision(video_id=job.video_id, revision=job.revision)
    else:
        catalog.mark_ready(video_id=job.video_id)


def _leave_out_unfinished(job: Job) -> None:
    """Remove renditions with a gap where a step of a further codec or sound failed: the video is whole without them."""
    failed = list(Step.objects.filter(job=job, kind__in=pipeline.ENCODING, status=states.FAILED))
    if job.plan is None or not failed:
        return
    plan = EncodePlan.from_json(job.plan)
    for name in {name for step in failed for name in pipeline.renditions_of(plan, step.inputs)}:
        renditions.remove_rendition(video_id=job.video_id, revision=job.revision, name=name)


@atomic
def fail_step(
    *, step: Step, code: str, message: str, max_attempts: int, facts: dict[str, Any], is_final: bool = False
) -> None:
    """Note a step's failure: it is tried again a little later, or, at last, ends the job unless it is optional.

    Raises: StaleWork when the lease was lost meanwhile.
    """
    job = locked_job(step.job_id)
    now = shared_now()
    is_last = is_final or step.faults + 1 >= max_attempts
    noted = move_steps(
        _held(step),
        states.FAILED if is_last else states.READY,
        faults=F("faults") + 1,
        ready_at=now + timedelta(seconds=2**step.faults),
        finished_at=now,
        lease_expires_at=None,
        lease_owner="",
        failure_code=code[:64],
        failure_message=_storable(message)[:500],
        exit_code=facts.get("exit_code"),
        argv=[_storable(str(part)) for part in facts.get("argv", ())],
        stderr_tail=_storable(str(facts.get("stderr_tail", "")))[-8000:],
    )
    if not noted:
        lost = "The lease of this step was lost."
        raise StaleWork(lost, step_id=step.pk)
    if is_last:
        _give_up(job, step, code, message)


def _storable(text: str) -> str:
    """Return text as every database keeps it: what tools print of a hostile file may hold nulls and broken characters."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _fail_job(job: Job, code: str, message: str) -> None:
    require_transition(states.JOB_TRANSITIONS, job.status, states.FAILED, subject="job")
    _end_job(job, states.FAILED, code, message)
    _leave_video(job, code, message)


def _leave_video(job: Job, code: str, message: str) -> None:
    """Tell a video that its job has ended without a result; one that plays goes on as it was."""
    if job.is_reprocessing:
        revisions.drop_revision(video_id=job.video_id, revision=job.revision)
    else:
        catalog.mark_failed(video_id=job.video_id, code=code, message=message)


def _end_job(job: Job, status: str, code: str, message: str) -> None:
    job.status, job.finished_at, job.has_place = status, shared_now(), False
    job.failure_code, job.failure_message = code[:64], message[:500]
    job.save(update_fields=["status", "finished_at", "has_place", "failure_code", "failure_message"])
    slots.wake_others(job)
    # Running steps notice at their next renewal, within a few seconds, and stop their ffmpeg.
    left = Step.objects.filter(job=job)
    move_steps(left, states.CANCELLED, finished_at=shared_now(), lease_expires_at=None, lease_owner="")


@atomic
def cancel_job(*, job: Job, is_deleted: bool = False) -> None:
    """Stop all work of a job; the video is failed with code `cancelled`, unless it plays or is being deleted.

    Raises: InvalidTransition when the job has ended.
    """
    job = locked_job(job.pk)
    require_transition(states.JOB_TRANSITIONS, job.status, states.CANCELLED, subject="job")
    message = "Processing was cancelled."
    _end_job(job, states.CANCELLED, "cancelled", message)
    if not is_deleted:
        _leave_video(job, "cancelled", message)
        note_deed("video.processing_cancelled", job.video, {"job": job.pk})


@atomic
def cancel_jobs_of(*, video_id: str) -> None:
    """Stop all work on a video that is being deleted."""
    for job in Job.objects.filter(video_id=video_id, status=states.ACTIVE):
        cancel_job(job=job, is_deleted=True)
    left = Step.objects.filter(job__video_id=video_id)
    move_steps(left, states.CANCELLED, finished_at=shared_now(), lease_expires_at=None, lease_owner="")


@atomic
def free_lost_step(*, step: Step) -> bool:
    """Give a step whose lease has run out to another worker; False when it was renewed meanwhile.

    A step that has lost its worker again and again would never end: it fails instead.
    """
    job = locked_job(step.job_id)
    is_hopeless = step.losses + 1 >= MAX_LOST_LEASES
    freed = _held(step).filter(lease_expires_at=step.lease_expires_at)
    if not move_steps(
        freed,
        states.FAILED if is_hopeless else states.READY,
        losses=F("losses") + 1,
        ready_at=shared_now(),
        lease_expires_at=None,
        lease_owner="",
        **(
            {"failure_code": WORKER_LOST, "failure_message": NO_REASON, "finished_at": shared_now()}
            if is_hopeless
            else {}
        ),
    ):
        return False
    if is_hopeless:
        _give_up(job, step, WORKER_LOST, NO_REASON)
    else:
        nudge(step.queue)
    return True
