"""Work on a video that was banned: its pictures are hashed as re-uploads show them, as long as its source is there."""

from __future__ import annotations

from django.db.models import F

from gilfoyle.lib.transactions import atomic
from processing.jobs import pipeline, states
from processing.jobs.again import do_again
from processing.jobs.models import Job, Step
from processing.jobs.services import add_steps, locked_job
from processing.media import EncodePlan


@atomic
def hash_banned(*, video_id: str) -> bool:
    """Hash the pictures of a banned video beside whatever its job still does; returns whether that was queued.

    A video without pictures has none. What is under way begins anew.
    """
    present = Job.objects.filter(
        video_id=video_id, revision=F("video__revision"), status__in=states.AT_WORK, plan__isnull=False
    )
    job = present.first()
    if job is None or EncodePlan.from_json(job.plan or {}).video is None:
        return False
    job = locked_job(job.pk)
    if Step.objects.filter(job=job, kind=pipeline.BAN_PICTURES).exists():
        do_again(video_id=video_id, kind=pipeline.BAN_PICTURES)
    else:
        add_steps(job=job, plans=[pipeline.plan_ban_step()])
    return True
