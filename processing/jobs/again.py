"""Work that is done once more on request: a poster of another moment, what failed or was cancelled."""

from __future__ import annotations

from django.db.models import F, Q

from gilfoyle.lib.errors import InvalidTransition
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.states import require_transition
from gilfoyle.lib.transactions import atomic
from processing.errors import EncodeUnverified, SourceAltered
from processing.jobs import pipeline, states
from processing.jobs.encryption import prepare_encryption
from processing.jobs.models import Job, Step
from processing.jobs.services import ENDED, add_steps, locked_job, move_steps, nudge, wake_waiting
from processing.media import EncodePlan
from videos.catalog import services as catalog
from videos.catalog.trail import note_deed

# After these, what is stored may not go with what is to come: of another encoder, or of a source that was not its own.
SPOILED = frozenset({EncodeUnverified.code, SourceAltered.code})
FRESH = {
    "faults": 0,
    "losses": 0,
    "waits": 0,
    "progress": 0,
    "failure_code": "",
    "failure_message": "",
}


@atomic
def do_again(*, video_id: str, kind: str) -> None:
    """Do one kind of step of a video's present revision anew, also after its job is done; the old result stays till then.

    A job that failed or was cancelled does it when it is tried again, one that has not come so far by itself.
    """
    is_present = Q(revision=F("video__revision")) | Q(revision=F("video__next_revision"))
    jobs = Job.objects.filter(is_present, video_id=video_id)
    for job in jobs:
        # A worker that is at it is given up: a new attempt holds the lease.
        freed = {"attempt": F("attempt") + 1, "ready_at": shared_now(), "lease_expires_at": None}
        anew = {"is_optional": True, "lease_owner": "", **freed, **FRESH}
        steps = list(Step.objects.filter(job=locked_job(job.pk), kind=kind))
        ended = set(Step.objects.filter(ENDED, job=job).values_list("name", flat=True))
        ready = pipeline.ready_names(steps, ended)
        for step in steps:
            # What it is made of may not be there yet, or be made anew, too.
            wanted = states.READY if step.name in ready else states.WAITING
            if move_steps(Step.objects.filter(pk=step.pk), wanted, **anew) and wanted == states.READY:
                nudge(step.queue)


@atomic
def retry_job(*, job: Job) -> None:
    """Try again what failed or was cancelled; what is done stays done, unless it does not fit together.

    Raises: InvalidTransition when the job has not ended so, or is not the video's latest.
    """
    job = locked_job(job.pk)
    require_transition(states.JOB_TRANSITIONS, job.status, states.ACTIVE, subject="job")
    if job.is_reprocessing:
        message = "What this job had made is thrown away."
        raise InvalidTransition(message, hint="Process the video again instead.")
    if catalog.resume_processing(video_id=job.video_id) != job.revision:
        message = "A newer upload of this video has its own job."
        raise InvalidTransition(message)
    if job.failure_code in SPOILED and job.plan is not None:
        _encode_anew(job)
    job.status, job.finished_at, job.failure_code, job.failure_message = states.ACTIVE, None, "", ""
    job.save(
        update_fields=["status", "finished_at", "failure_code", "failure_message", "revision", "is_encrypted"]
    )
    ended = Step.objects.filter(job=job, status__in=[states.FAILED, states.CANCELLED])
    # A trial that failed stays so: what was encoded since has the ladder that it would change.
    for step in ended.exclude(kind=pipeline.TRY_SAMPLES, status=states.FAILED):
        status = states.WAITING if step.needs else states.READY
        anew = {"attempt": F("attempt") + 1, "ready_at": shared_now()}
        move_steps(Step.objects.filter(pk=step.pk), status, **anew, **FRESH)
        if status == states.READY:
            nudge(step.queue)
    wake_waiting(job)
    note_deed("video.processing_retried", job.video, {"job": job.pk})


def _encode_anew(job: Job) -> None:
    """Lay out all that follows the probe once more, into a new revision.

    What is stored can't be replaced where it lies: players keep a revision's segments for good, and a worker that was
    given up late would still store there.
    """
    job.revision = catalog.renew_revision(video_id=job.video_id)
    prepare_encryption(job)
    Step.objects.filter(job=job).exclude(kind=pipeline.PROBE).delete()
    add_steps(job=job, plans=pipeline.plan_steps(EncodePlan.from_json(job.plan or {})))
