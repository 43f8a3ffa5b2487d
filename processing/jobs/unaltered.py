"""Whether a source is still what it was when it arrived; a disk, or a hand, may have changed it where it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from processing.errors import SourceAltered, SourceRejected
from processing.ffmpeg.block_reader import open_source
from processing.jobs.step_context import StepContext
from processing.source import Source

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
def blamed_rightly(context: StepContext, source: Source) -> Iterator[None]:
    """Where a source is refused for what is in it, make sure first that it came like that.

    Raises: SourceAltered in place of SourceRejected, where it is not what arrived.
    """
    try:
        yield
    except SourceRejected:
        require_unaltered(context, source)
        raise
