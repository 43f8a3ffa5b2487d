"""Stops the work on a video that was restricted, and lets it go on. Nothing is lost: what was stopped is done again."""

from __future__ import annotations

from gilfoyle.lib.shared_clock import shared_now
from processing.jobs import states
from processing.jobs.models import Step
from processing.jobs.paused import only_paused, without_paused
from processing.jobs.services import move_steps, nudge


def pause_or_go_on(*, video_id: str) -> None:
    """Stop what may not go on for a video, and call for what may again; the caller holds the video.

    A worker whose step was taken away notices when it next renews its lease, within seconds, and ends its ffmpeg; what
    it would record is refused at once.
    """
    steps = Step.objects.filter(job__video_id=video_id, job__status__in=states.AT_WORK)
    running = list(only_paused(steps.filter(status=states.RUNNING)).values_list("pk", flat=True))
    move_steps(
        Step.objects.filter(pk__in=running),
        states.READY,
        ready_at=shared_now(),
        lease_expires_at=None,
        lease_owner="",
        progress=0,
    )
    ready = without_paused(steps.filter(status=states.READY))
    for queue in ready.order_by().values_list("queue", flat=True).distinct():
        nudge(queue)
