"""What each kind of step does: a table from kind to function.

A runner does the long work outside of any transaction and returns `record`, which writes its result inside the
transaction that ends the step; so a worker that lost its lease stores nothing that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from processing.encoding.encode_audio import encode_audio
from processing.encoding.encode_chunk import encode_chunk
from processing.images.thumbnails import make_poster
from processing.jobs import pipeline
from processing.jobs.models import Job, Step
from processing.jobs.retrying import persist
from processing.jobs.services import Record, add_steps, finish_job, record_part
from processing.ladder.planner import plan_encode
from processing.media import EncodedRendition, EncodePlan, MediaInfo
from processing.packaging.publish import publish_rendition
from processing.probing.probe import probe_source
from videos import layout
from videos.catalog import images
from videos.catalog import services as catalog
from videos.catalog.services import RenditionFacts, SourceFacts
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
    def source_name(self) -> str:
        video = self.job.video
        return layout.source_name(video.project_id, video.pk, video.source_upload_id)

    def source(self) -> AbstractContextManager[Path]:
        """Give a path with the source's bytes; a copy of them lies where the sweeper finds what killed workers left."""
        return storage.local_copy(self.source_name, folder=self.work_dir / "source")

    def image_folder(self, kind: str) -> str:
        """Return where this attempt's pictures go: a slow twin's never lie where a successor's do."""
        video = self.job.video
        return layout.image_folder(video.project_id, video.pk, self.job.revision, kind, self.step.attempt)

    def folder(self, rendition: str) -> str:
        video = self.job.video
        return layout.rendition_folder(video.project_id, video.pk, self.job.revision, rendition)


def run_probe(context: StepContext) -> Record:
    """Find out what the source is, refuse it in words, or plan its encoding."""
    with context.source() as source:
        info = probe_source(
            source,
            upload=context.config.upload,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
        )
    plan = plan_encode(info, encoding=context.config.encoding)

    def record(job: Job) -> None:
        job.plan = plan.to_json()
        job.save(update_fields=["plan"])
        catalog.record_source_facts(video_id=job.video_id, facts=_source_facts(info, plan))
        add_steps(job=job, plans=pipeline.plan_steps(plan))

    return record


def _source_facts(info: MediaInfo, plan: EncodePlan) -> SourceFacts:
    details: dict[str, object] = {"container": info.container, "size_bytes": info.size_bytes}
    width = height = None
    if info.video:
        width, height = (round(side) for side in info.video.display_size)
        details |= {
            "video_codec": info.video.codec,
            "rotation": info.video.rotation,
            "is_hdr": plan.video is not None and plan.video.is_hdr,
        }
    if info.audio:
        details |= {
            "audio_codec": info.audio[0].codec,
            "channels": info.audio[0].channels,
            "audio_tracks": [
                {
                    "codec": sound.codec,
                    "channels": sound.channels,
                    "layout": sound.layout,
                    "language": sound.language,
                    "role": sound.role,
                }
                for sound in info.audio
            ],
        }
    return SourceFacts(
        duration_s=float(plan.duration_s),
        width=width,
        height=height,
        frame_rate=plan.video.frame_rate if plan.video else None,
        details=details,
    )


def run_encode_chunk(context: StepContext) -> Record:
    """Encode one chunk in all its rungs, and store its segments."""
    plan = context.plan
    chunk = plan.chunks[context.step.inputs["chunk"]]
    with context.source() as source:
        encoded = encode_chunk(
            source,
            plan,
            chunk,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
        )
    runs = [(_video_facts(plan, rendition), _publish(context, rendition)) for rendition in encoded]

    def record(job: Job) -> None:
        for facts, run in runs:
            catalog.add_run(
                video_id=job.video_id, revision=job.revision, facts=facts, chunk_index=chunk.index, run=run
            )

    return record


def _publish(context: StepContext, rendition: EncodedRendition) -> SegmentRun:
    folder = context.folder(rendition.name)
    return publish_rendition(rendition, folder=folder, heartbeat=context.heartbeat)


def _video_facts(plan: EncodePlan, rendition: EncodedRendition) -> RenditionFacts:
    if plan.video is None:
        message = "A video rendition without a video plan."
        raise ValueError(message)
    rung = plan.video.rung(rendition.name)
    return RenditionFacts(
        name=rendition.name,
        kind="video",
        codec=rendition.codec,
        timescale=rendition.timescale,
        bandwidth_cap_bps=rung.max_bitrate_bps,
        width=rung.width,
        height=rung.height,
        frame_rate=plan.video.frame_rate,
    )


def run_encode_audio(context: StepContext) -> Record:
    """Encode one sound of the whole source, and store its segments as they come."""
    plan = context.plan
    audio = plan.sound(context.step.inputs.get("rendition", "a0"))

    def store(part: EncodedRendition) -> Record:
        run = _publish(context, part)
        facts = RenditionFacts(
            name=part.name,
            kind="audio",
            codec=part.codec,
            timescale=part.timescale,
            bandwidth_cap_bps=audio.bitrate_bps,
            channels=audio.channels,
            language=audio.language,
        )
        return partial(_add_part, facts=facts, run=run)

    def store_now(part: EncodedRendition) -> None:
        record = store(part)
        persist(lambda: record_part(step=context.step, record=record), heartbeat=context.heartbeat)

    with context.source() as source:
        rest = encode_audio(
            source,
            plan,
            audio,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
            on_part=store_now,
        )
    return store(rest)


def _add_part(job: Job, *, facts: RenditionFacts, run: SegmentRun) -> None:
    # Parts of sound begin at the same segments in every attempt, so a second one replaces the first.
    catalog.add_run(
        video_id=job.video_id, revision=job.revision, facts=facts, chunk_index=run.first_number, run=run
    )


def run_poster(context: StepContext) -> Record:
    """Make the poster, and store it."""
    with context.source() as source:
        picture = make_poster(
            source,
            context.plan,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            max_px=context.config.images.poster_max_px,
            heartbeat=context.heartbeat,
        )
    context.heartbeat()
    storage.save_bytes(f"{context.image_folder('poster')}/poster.jpg", picture)

    def record(job: Job) -> None:
        images.add_image_set(
            video_id=job.video_id,
            revision=job.revision,
            kind="poster",
            version=context.step.attempt,
            size_bytes=len(picture),
        )

    return record


def run_finalize(context: StepContext) -> Record:
    """Close the job: everything planned is there."""
    del context
    return finish_job


RUNNERS: Mapping[str, Callable[[StepContext], Record]] = {
    pipeline.PROBE: run_probe,
    pipeline.ENCODE_CHUNK: run_encode_chunk,
    pipeline.ENCODE_AUDIO: run_encode_audio,
    pipeline.POSTER: run_poster,
    pipeline.FINALIZE: run_finalize,
}
