"""Which work stands still: steps of videos that nobody may watch.

Of a video that is held for review only the encodes wait, but for its opening: who is to decide must be able to see
something. Of one that is restricted or blocked everything waits.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from processing.jobs import states
from processing.jobs.models import Job, Step
from videos.catalog.states import STOPPED

HELD, ENCODE = "held", "encode"
CODE = "video_restriction"
_PAUSED = Q(job__video__restriction__in=STOPPED) | Q(job__video__restriction=HELD, queue=ENCODE)


def only_paused(steps: QuerySet[Step]) -> QuerySet[Step]:
    """Return the steps that may not go on because their video is restricted."""
    return steps.filter(_PAUSED)


def without_paused(steps: QuerySet[Step]) -> QuerySet[Step]:
    """Leave out the steps that may not go on because their video is restricted."""
    return steps.exclude(_PAUSED)


def words_of_pause(job: Job) -> str:
    """Return that a job's work stands still, in words; "" where its video is free."""
    is_free = job.video.restriction == "none" or job.status != states.ACTIVE
    return "" if is_free else f"Waits: the video is {job.video.restriction}."
