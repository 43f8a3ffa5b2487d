"""The step that offers a source as it is: its own frames, cut into segments, until the ladder is complete."""

from __future__ import annotations

from functools import partial

import structlog

from processing.encoding.remux import remux
from processing.errors import EncodeUnverified, ToolFailed
from processing.jobs.models import Job
from processing.jobs.retrying import persist
from processing.jobs.services import Record, record_part, take_back_copy
from processing.jobs.step_context import StepContext, add_part, publish
from processing.media import CopyPlan, EncodedRendition
from videos.catalog import renditions
from videos.catalog.renditions import RenditionFacts

log = structlog.get_logger(__name__)
PEAK_FACTOR = 2  # over the mean: what is still to come of a growing copy may be livelier


def run_remux(context: StepContext) -> Record:
    """Cut the source's own frames into segments, and store them as they come.

    Raises: what `remux` raises; the rendition is taken away then, for players must not wait for its end.
    """
    copy = context.plan.copy
    if copy is None:
        message = "A step that copies without a plan for it."
        raise ValueError(message)

    def store(part: EncodedRendition) -> Record:
        return partial(add_part, facts=_facts(copy, part), run=publish(context, part))

    def store_now(part: EncodedRendition) -> None:
        record = store(part)
        persist(lambda: record_part(step=context.step, record=record), heartbeat=context.heartbeat)

    try:
        with context.source() as source:
            rest = remux(
                source,
                context.plan,
                work_dir=context.work_dir,
                encoding=context.config.encoding,
                heartbeat=context.heartbeat,
                on_progress=context.on_progress,
                on_part=store_now,
            )
    except (EncodeUnverified, ToolFailed) as error:
        log.warning("copy_given_up", code=error.code, message=error.message)
        record_part(step=context.step, record=take_back_copy)
        raise
    add_rest = store(rest)

    def record(job: Job) -> None:
        add_rest(job)
        renditions.complete_rendition(video_id=job.video_id, revision=job.revision, name=copy.name)

    return record


def _facts(copy: CopyPlan, part: EncodedRendition) -> RenditionFacts:
    return RenditionFacts(
        name=part.name,
        kind="video",
        codec=part.codec,
        timescale=part.timescale,
        bandwidth_cap_bps=copy.bitrate_bps * PEAK_FACTOR,
        width=copy.width,
        height=copy.height,
        frame_rate=copy.frame_rate,
        is_stopgap=True,
        target_duration_s=copy.target_duration_s,
    )
