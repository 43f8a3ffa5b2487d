"""The step that takes what tells of place, device or person out of the stored source, once nothing else reads it."""

from __future__ import annotations

from functools import partial

import structlog

from gilfoyle.lib import storage
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.storage_moves import take_file
from processing.cleaning.clean import CleanedCopy, KeptAsItIs, clean_copy
from processing.cleaning.places import with_places
from processing.errors import ToolFailed, ToolTimedOut
from processing.jobs import states
from processing.jobs.models import Job, Step
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.media import EncodePlan
from videos.catalog import sources
from videos.catalog.sources import CleaningReport, Replacement

log = structlog.get_logger(__name__)
MOST_WAITS = (
    8  # for room, some twenty minutes: a video is not ready before, and nobody needs the copy to watch it
)


def run_clean_source(context: StepContext) -> Record:
    """Store a clean copy of the source, which its record puts in the source's place; or note why there is none.

    Raises: what `clean_copy` and the store raise, as long as trying again or waiting may help.
    """
    video = context.job.video
    if video.source_version:
        return _change_nothing  # an earlier job did it
    try:
        made = _clean(context)
        if isinstance(made, CleanedCopy):
            context.heartbeat()
            promised = sources.promise_replacement(video=video)
            take_file(promised.name, made.path)
            _require_stored(promised.name, made.size_bytes)
            return partial(_replace, made=made, promised=promised, step=context.step)
    except ToolFailed as error:
        if not context.is_last_attempt:
            raise
        is_slow = isinstance(error, ToolTimedOut)
        made = KeptAsItIs(
            "copying it takes longer than is allowed here"
            if is_slow
            else "copying it was broken off again and again"
        )
    except NoSpace:
        if context.step.waits < MOST_WAITS:
            raise
        made = KeptAsItIs("there was no room for a copy")
    log.info("source_kept_as_it_is", reason=made.reason)
    report = CleaningReport(reason=f"The source is stored as it was uploaded: {made.reason}.", left=made.left)
    return partial(_keep, upload_id=video.source_upload_id, report=report)


def _clean(context: StepContext) -> CleanedCopy | KeptAsItIs:
    with context.source() as source:
        made = clean_copy(
            source,
            context.plan.container,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
        )
    if isinstance(made, CleanedCopy) and not _has_all_of(context.plan, made):
        return KeptAsItIs("its copy would not have the same streams", made.removed)
    return made


def _require_stored(name: str, size_bytes: int) -> None:
    """Look once more before the only other copy goes."""
    if storage.size_of(name) != size_bytes:
        message = "The clean copy of a source was not stored whole."
        raise storage.StorageFault(message, name=name)


def _has_all_of(plan: EncodePlan, made: CleanedCopy) -> bool:
    try:
        with_places(plan, made.places)
    except KeyError:
        return False
    return True


def _change_nothing(job: Job) -> None:
    del job


def _keep(job: Job, *, upload_id: str, report: CleaningReport) -> None:
    sources.keep_source(video_id=job.video_id, upload_id=upload_id, report=report)


def _replace(job: Job, *, made: CleanedCopy, promised: Replacement, step: Step) -> None:
    others = Step.objects.filter(job__video_id=job.video_id, status=states.RUNNING).exclude(pk=step.pk)
    sources.replace_source(
        video_id=job.video_id,
        by=promised,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        report=CleaningReport(removed=made.removed),
        is_read=others.exists(),
    )
    # What is done again later reads the copy, in which the streams may stand elsewhere.
    for one in Job.objects.filter(video_id=job.video_id).exclude(plan=None):
        plan = EncodePlan.from_json(one.plan or {})
        if _has_all_of(plan, made):
            one.plan = with_places(plan, made.places).to_json()
            one.save(update_fields=["plan"])
