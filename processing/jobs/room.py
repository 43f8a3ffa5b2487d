"""Begins a step only where its disks have room for it beside all that other steps of this machine will still write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.reservations import REGISTRY, Claim, is_same_disk, reserve
from gilfoyle.lib.storage_faults import is_full_disk
from processing.errors import ScratchUnusable
from processing.ffmpeg.isolation import can_serve_sources
from processing.jobs import pipeline
from processing.jobs.footprint import Footprint, StepFacts, estimate_step
from processing.jobs.models import Step
from processing.jobs.scratch import FULL, folder_of, scratch_root
from processing.jobs.steps_clean import MOST_WAITS
from processing.jobs.waiting import waits_for
from processing.media import EncodePlan
from videos.catalog.source_keys import are_sources_sealed
from videos.catalog.stored_sources import source_path

WHATEVER_IS_FREE = -(2**63)


@contextmanager
def reserved_room(step: Step, config: Config) -> Iterator[None]:
    """Keep room for all that a step will write, for as long as it runs.

    Raises: NoSpace where there is not enough; ScratchUnusable where nothing can be noted.
    """
    with ExitStack() as held:
        registry = Path(settings.DATA_DIR) / REGISTRY
        claims = claims_of(step, needs_of(step, config))
        try:
            keep_bytes = int(config.storage.reserve_bytes) if may_be_refused(step) else WHATEVER_IS_FREE
            held.enter_context(reserve(registry, claims, keep_bytes=keep_bytes))
        except OSError as error:
            if is_full_disk(error):
                raise NoSpace(FULL, folder=str(registry)) from error
            message = f"{registry} can't be written: {error.strerror}."
            raise ScratchUnusable(message, hint="Give data_dir a disk that can be written.") from error
        yield


def may_be_refused(step: Step) -> bool:
    """Tell whether a step waits for room before it begins; at last not where it knows how to end without."""
    return step.kind != pipeline.CLEAN_SOURCE or waits_for(step, NoSpace.code) < MOST_WAITS


def needs_of(step: Step, config: Config) -> Footprint:
    """Return about how much a step will write."""
    job, video = step.job, step.job.video
    facts = StepFacts(
        inputs=step.inputs,
        images=config.images,
        source_bytes=video.source_size_bytes or 0,
        is_source_copied=source_path(video) is None and not can_serve_sources(),
        is_copy_sealed=are_sources_sealed(config),
    )
    return estimate_step(step.kind, EncodePlan.from_json(job.plan) if job.plan else None, facts)


def claims_of(step: Step, needs: Footprint) -> tuple[Claim, ...]:
    """Return what a step takes of which disk: of this machine's alone, a bucket has its own limits."""
    scratch = Claim(scratch_root(), needs.scratch_bytes, written_to=folder_of(step))
    media = storage.local_path("sources" if step.kind == pipeline.CLEAN_SOURCE else "renditions")
    if media is None or (needs.is_moved and is_same_disk(scratch.disk, media)):
        return (scratch,)
    return (scratch, Claim(media, needs.media_bytes))
