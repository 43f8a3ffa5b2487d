"""The last step: what was made is compared with the plan as a whole, and the job is closed."""

from __future__ import annotations

from processing.errors import EncodeUnverified
from processing.jobs.models import Job
from processing.jobs.quality import judge_renditions, playable_without
from processing.jobs.reprocessing import require_better
from processing.jobs.retrying import persist
from processing.jobs.services import Record, finish_job, record_part
from processing.jobs.step_context import StepContext
from processing.media import EncodePlan
from videos.catalog import renditions
from videos.catalog.selectors import count_mended_runs, list_playable_renditions, list_ssim_samples


def run_finalize(context: StepContext) -> Record:
    """Keep a report of each rendition, withhold those that are not as planned, and close the job.

    The report stays when the job fails for what stands in it.
    Raises: EncodeUnverified where nothing playable would be left, or nothing better than what plays.
    """
    plan = context.plan
    unfit: dict[str, str] = {}

    def report(job: Job) -> None:
        unfit.clear()
        unfit.update(_report(job, plan))

    persist(lambda: record_part(step=context.step, record=report), heartbeat=context.heartbeat)
    if not playable_without(plan, tuple(unfit)):
        message = "Nothing playable was made: " + " ".join(f"{name}: {why}" for name, why in unfit.items())
        raise EncodeUnverified(message)
    require_better(context.job, plan, tuple(unfit))
    return finish_job


def _report(job: Job, plan: EncodePlan) -> dict[str, str]:
    """Record what was found of each rendition; returns why some are withheld, by name."""
    made = list_playable_renditions(job.video_id, job.revision)
    verdicts = judge_renditions(plan, made, list_ssim_samples(job.video_id, job.revision))
    mended = count_mended_runs(job.video_id, job.revision)
    withheld = {one.name: one.withheld_reason for one in made if one.withheld_reason}
    for verdict in verdicts:
        reason = withheld.setdefault(verdict.name, verdict.problem)
        renditions.record_quality(
            video_id=job.video_id,
            revision=job.revision,
            name=verdict.name,
            quality={**verdict.quality, "mended_chunks": mended.get(verdict.name, 0)},
            withheld_reason=reason,
        )
    return {name: reason for name, reason in withheld.items() if reason}
