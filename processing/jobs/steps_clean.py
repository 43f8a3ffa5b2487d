"""The step that takes what tells of place, device or person out of the stored source, once nothing else reads it.

What came in the clear although sources are to be encrypted is encrypted on this occasion, cleaned or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

import structlog

from gilfoyle.lib import storage
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.sealed_storage import READ_BYTES, read_through, require_stored_as
from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.lib.storage_moves import take_file
from processing.cleaning.clean import CleanedCopy, KeptAsItIs, clean_copy
from processing.cleaning.places import with_places
from processing.errors import SourceAltered, ToolFailed, ToolTimedOut
from processing.jobs.models import Job
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.jobs.unaltered import require_unaltered
from processing.jobs.waiting import waits_for
from processing.media import EncodePlan
from videos.catalog import sources
from videos.catalog.source_sealing import is_to_be_sealed, store_sealed_copy
from videos.catalog.sources import CleaningReport, Replacement
from videos.catalog.stored_sources import store_source

log = structlog.get_logger(__name__)
MOST_WAITS = (
    8  # for room, some twenty minutes: a video is not ready before, and nobody needs the copy to watch it
)


def run_clean_source(context: StepContext) -> Record:
    """Store a clean copy of the source, which its record puts in the source's place; or note why there is none.

    Raises: what `clean_copy` and the store raise, as long as trying again or waiting may help;
    SourceAltered.
    """
    video = context.job.video
    if video.source_cleaning.get("outcome") == sources.CLEANED:
        return _change_nothing  # an earlier job did it
    if not context.config.privacy.clean_originals:
        return _seal(context, None) if is_to_be_sealed(video, context.config) else _change_nothing
    try:
        made = _clean(context)
        if isinstance(made, CleanedCopy):
            context.heartbeat()
            promised = sources.promise_replacement(video=video, config=context.config)
            _store(context, made, promised)
            return partial(_replace, made=made, promised=promised)
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
        if waits_for(context.step, NoSpace.code) < MOST_WAITS:
            raise
        made = KeptAsItIs("there was no room for a copy")
    log.info("source_kept_as_it_is", reason=made.reason)
    report = CleaningReport(reason=f"The source is stored as it was uploaded: {made.reason}.", left=made.left)
    if is_to_be_sealed(video, context.config):
        return _seal(context, report)
    return partial(_keep, upload_id=video.source_upload_id, version=video.source_version, report=report)


def _seal(context: StepContext, report: CleaningReport | None) -> Record:
    try:
        made = store_sealed_copy(video=context.job.video, config=context.config, heartbeat=context.heartbeat)
    except StorageFault as error:
        if error.facts.get("is_altered"):
            raise SourceAltered(error.message) from error
        raise
    return partial(
        _put_in_place,
        promised=made.promised,
        size_bytes=made.size_bytes,
        sha256=made.sha256,
        report=report,
    )


def _store(context: StepContext, made: CleanedCopy, promised: Replacement) -> None:
    if promised.key is None:
        take_file(promised.name, made.path)
    else:
        with made.path.open("rb", buffering=0) as file:

            def pieces() -> Iterator[bytes]:
                while piece := file.read(READ_BYTES):
                    context.heartbeat()
                    yield piece

            store_source(promised.name, pieces(), key=promised.key)
    _require_stored(promised, made, context.heartbeat)


def _clean(context: StepContext) -> CleanedCopy | KeptAsItIs:
    with context.source() as source:
        require_unaltered(context, source)  # what came in its place would pass for the original
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


def _require_stored(promised: Replacement, made: CleanedCopy, heartbeat: Callable[[], None]) -> None:
    """Look once more before the only other copy goes: what is another file than was made is read back for it."""
    name = promised.name
    if promised.key is not None:
        require_stored_as(
            name, promised.key, size_bytes=made.size_bytes, sha256=made.sha256, heartbeat=heartbeat
        )
        return
    stored = storage.open_ranges(name)
    is_whole = stored.size_bytes == made.size_bytes
    if is_whole and not _is_same_file(name, made):
        digest = hashlib.sha256()
        for piece in read_through(stored.read, stored.size_bytes, heartbeat=heartbeat):
            digest.update(piece)
        is_whole = digest.hexdigest() == made.sha256
    if not is_whole:
        message = "The clean copy of a source was not stored whole."
        raise storage.StorageFault(message, name=name)


def _is_same_file(name: str, made: CleanedCopy) -> bool:
    path = storage.stored_path(name)
    return path is not None and path.samefile(made.path)


def _has_all_of(plan: EncodePlan, made: CleanedCopy) -> bool:
    try:
        with_places(plan, made.places)
    except KeyError:
        return False
    return True


def _change_nothing(job: Job) -> None:
    del job


def _keep(job: Job, *, upload_id: str, version: str, report: CleaningReport) -> None:
    sources.keep_source(video_id=job.video_id, upload_id=upload_id, version=version, report=report)


def _put_in_place(
    job: Job,
    *,
    promised: Replacement,
    size_bytes: int,
    sha256: str,
    report: CleaningReport | None,
) -> None:
    sources.replace_source(
        video_id=job.video_id,
        by=promised,
        size_bytes=size_bytes,
        sha256=sha256,
        report=report,
    )


def _replace(job: Job, *, made: CleanedCopy, promised: Replacement) -> None:
    report = CleaningReport(removed=made.removed)
    _put_in_place(job, promised=promised, size_bytes=made.size_bytes, sha256=made.sha256, report=report)
    # What is done again later reads the copy, in which the streams may stand elsewhere.
    for one in Job.objects.filter(video_id=job.video_id).exclude(plan=None):
        plan = EncodePlan.from_json(one.plan or {})
        if _has_all_of(plan, made):
            one.plan = with_places(plan, made.places).to_json()
            one.save(update_fields=["plan"])
