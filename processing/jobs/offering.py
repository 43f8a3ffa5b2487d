"""Offers the segments of a chunk to players while the rest of it is still being encoded.

Under the step's lease, like all that it stores: objects are written once, so an attempt after this one finds the same
segments, and what is recorded of them only ever grows (`grow_runs`). The step's end makes the whole run of it.
"""

from __future__ import annotations

from collections.abc import Callable

from processing.jobs.models import Job
from processing.jobs.retrying import persist
from processing.jobs.services import record_part
from processing.jobs.step_context import StepContext, publish
from processing.media import FIRST_CODEC, Chunk, EncodedRendition, EncodePlan
from videos.catalog import renditions
from videos.catalog.renditions import RenditionFacts
from videos.segment_index import SegmentRun, join_runs


def is_seen_while_growing(plan: EncodePlan, chunk: Chunk, job: Job) -> bool:
    """Tell whether players are told of a chunk before it is whole: of further codecs and new revisions they are not."""
    is_first_codec = plan.video is not None and plan.video.codec_of(chunk) == FIRST_CODEC
    return is_first_codec and not job.is_reprocessing


class Offering:
    """The runs of a chunk, by rendition, as they become longer. `facts_of` tells what of a rendition is recorded with them."""

    def __init__(self, context: StepContext, facts_of: Callable[[EncodedRendition], RenditionFacts]) -> None:
        self._context, self._facts_of = context, facts_of
        self._runs: dict[str, SegmentRun] = {}

    def offer(self, parts: tuple[EncodedRendition, ...]) -> None:
        """Store the next segments of all rungs, and tell players of them together.

        Raises: what `publish` and `record_part` raise, StaleWork among it; nothing is told then.
        """
        growing = [(self._facts_of(part), self.store(part)) for part in parts]

        def record(job: Job) -> None:
            renditions.grow_runs(video_id=job.video_id, revision=job.revision, growing=growing)

        step = self._context.step
        persist(lambda: record_part(step=step, record=record), heartbeat=self._context.heartbeat)

    def store(self, part: EncodedRendition) -> SegmentRun:
        """Store segments, and return the run that they and those before them make; one that begins anew stands alone.

        Raises: what `publish` raises.
        """
        run, earlier = publish(self._context, part), self._runs.get(part.name)
        follows = earlier is not None and earlier.end_number == run.first_number
        self._runs[part.name] = joined = join_runs(earlier, run) if earlier and follows else run
        return joined
