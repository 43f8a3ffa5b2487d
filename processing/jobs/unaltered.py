"""Whether a source is still what it was when it arrived; a disk, or a hand, may have changed it where it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from processing.errors import SourceAltered, SourceRejected
from processing.ffmpeg.block_reader import open_source
from processing.jobs.step_context import StepContext
from processing.source import Source
from videos.catalog.selectors import has_doubtful_runs

READ_BYTES = 4 * 1024 * 1024


def require_unaltered(context: StepContext, source: Source) -> None:
    """Read a source through, and compare it with what its video has on record.

    What is encrypted proves itself as it is read, and of what went straight to a bucket the hash may not be known yet:
    of these nothing is read here.
    Raises: SourceAltered; what the heartbeat and the store raise.
    """
    video = context.job.video
    if not video.source_sha256 or video.source_is_sealed:
        return
    found = hashlib.sha256()
    with open_source(source) as file:
        while piece := file.read(READ_BYTES):
            found.update(piece)
            context.heartbeat()
    if found.hexdigest() != video.source_sha256:
        message = f"SHA-256 of the stored source is {found.hexdigest()}, and was {video.source_sha256}."
        raise SourceAltered(message)


@contextmanager
def blamed_rightly(context: StepContext, source: Source) -> Iterator[Callable[[], None]]:
    """Where a source is refused for what is in it, make sure first that it came like that.

    Gives what to call where something in it is odd: the first such step of a job does the same, and what it records
    spares the others (to read it whole for each of hundreds would take days).
    Raises: SourceAltered, where it is not what arrived, in place of SourceRejected or out of that call.
    """
    is_proved = False

    def prove() -> None:
        nonlocal is_proved
        if not is_proved:
            require_unaltered(context, source)
        is_proved = True

    def doubt() -> None:
        if not has_doubtful_runs(context.job.video_id, context.job.revision):
            prove()

    try:
        yield doubt
    except SourceRejected:
        prove()
        raise
