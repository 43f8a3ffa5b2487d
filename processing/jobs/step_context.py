"""What the runner of a step is given, and what several kinds of steps do alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gilfoyle.lib.config import Config
from processing.ffmpeg.isolation import can_serve_sources
from processing.jobs.encryption import cipher_of
from processing.jobs.models import Job, Step
from processing.media import EncodedRendition, EncodePlan
from processing.packaging.publish import publish_rendition
from processing.source import RemoteSource, Source
from videos import layout
from videos.catalog import renditions
from videos.catalog.renditions import RenditionFacts
from videos.catalog.stored_sources import open_source, source_copy, source_path
from videos.segment_index import SegmentRun


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a runner is given. `heartbeat()` raises StaleWork once the step is no longer ours."""

    step: Step
    config: Config
    work_dir: Path
    heartbeat: Callable[[], None]
    on_progress: Callable[[float], None]

    @property
    def job(self) -> Job:
        return self.step.job

    @property
    def plan(self) -> EncodePlan:
        return EncodePlan.from_json(self.job.plan or {})

    @property
    def is_last_attempt(self) -> bool:
        """Whether the job fails, too, if this one does."""
        return self.step.faults + 1 >= self.config.encoding.max_attempts

    @contextmanager
    def source(self) -> Iterator[Source]:
        """Give the source: its path, or what reads of it only what is needed; where neither is possible, a copy.

        The copy lies where the sweeper finds what killed workers left.
        """
        video = self.job.video
        if source_path(video) is None and can_serve_sources():
            opened = open_source(video)
            yield RemoteSource(opened.size_bytes, opened.read)
            return
        with source_copy(video, folder=self.work_dir / "source") as path:
            yield path

    def image_folder(self, kind: str) -> str:
        """Return where this attempt's pictures go: a slow twin's never lie where a successor's do."""
        video = self.job.video
        return layout.image_folder(video.project_id, video.pk, self.job.revision, kind, self.step.attempt)

    def folder(self, rendition: str) -> str:
        video = self.job.video
        return layout.rendition_folder(video.project_id, video.pk, self.job.revision, rendition)


def publish(context: StepContext, rendition: EncodedRendition) -> SegmentRun:
    """Store what was encoded, and return what it adds to the rendition's index."""
    folder = context.folder(rendition.name)
    cipher = cipher_of(context.job)
    run = publish_rendition(rendition, folder=folder, heartbeat=context.heartbeat, cipher=cipher)
    for segment in rendition.segments:
        segment.path.unlink()  # what is stored need not take room here, too, until a long step ends
    return run


def add_part(
    job: Job, *, facts: RenditionFacts, run: SegmentRun, quality: Mapping[str, Any] | None = None
) -> None:
    """Record a part of a rendition: parts begin at the same segments in every attempt, so a second replaces the first."""
    renditions.add_run(
        video_id=job.video_id,
        revision=job.revision,
        facts=facts,
        chunk_index=run.first_number,
        run=run,
        quality=quality,
    )
