"""The step that fits a video's ladder to its pictures, before the bulk of it is encoded."""

from __future__ import annotations

from processing.encoding.trial import try_samples
from processing.jobs.models import Job
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.ladder.adapt import adapt_ladder
from processing.media import EncodePlan


def run_trial(context: StepContext) -> Record:
    """Encode the samples, and write what they show into the plan: qualities, and which rungs are worth their bits."""
    with context.source() as source:
        trial = try_samples(
            source,
            context.plan,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
        )

    def record(job: Job) -> None:
        plan = EncodePlan.from_json(job.plan or {})
        if plan.video is None or not plan.video.samples:
            return  # it was adapted before
        video = adapt_ladder(plan.video, trial, target_vmaf=context.config.encoding.target_vmaf)
        job.plan = {**(job.plan or {}), "video": video.to_json()}
        job.save(update_fields=["plan"])

    return record
