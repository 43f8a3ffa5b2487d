"""What each kind of step does: a table from kind to function.

A runner does the long work outside of any transaction and returns `record`, which writes its result inside the
transaction that ends the step; so a worker that lost its lease stores nothing that counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial

from processing.encoding.growing_chunk import Listeners
from processing.encoding.tolerant import encode_what_can_be_heard, encode_what_can_be_shown
from processing.errors import EncodeUnverified
from processing.ffmpeg.formats import TEXT_CODECS
from processing.jobs import pipeline
from processing.jobs.metrics import ENCODE_SPEED
from processing.jobs.models import Job
from processing.jobs.offering import Offering, is_seen_while_growing
from processing.jobs.reprocessing import replan, run_adopt, steps_of
from processing.jobs.retrying import persist
from processing.jobs.services import Record, add_steps, record_part
from processing.jobs.step_context import StepContext, add_part, publish
from processing.jobs.steps_clean import run_clean_source
from processing.jobs.steps_finalize import run_finalize
from processing.jobs.steps_images import planned_pictures, run_poster, run_preview, run_storyboard
from processing.jobs.steps_recognition import planned_recognition, run_ban_pictures, run_fingerprint
from processing.jobs.steps_remux import run_remux
from processing.jobs.steps_text import run_text
from processing.jobs.steps_trial import run_trial
from processing.jobs.unaltered import blamed_rightly
from processing.ladder.planner import plan_encode
from processing.ladder.text import plan_text
from processing.media import Chunk, EncodedRendition, EncodePlan, MediaInfo
from processing.probing.chapters import read_chapters
from processing.probing.narrowing import narrowed
from processing.probing.probe import probe_source
from processing.source import Source
from videos.access.quotas import charge_minutes
from videos.catalog import renditions
from videos.catalog import services as catalog
from videos.catalog.renditions import Addition, RenditionFacts
from videos.catalog.services import SourceFacts
from videos.catalog.source_sealing import is_to_be_sealed
from videos.chapters.chapter import Chapter, arrange
from videos.chapters.services import record_found


def run_probe(context: StepContext) -> Record:
    """Find out what the source is, refuse it in words, or plan its encoding."""
    with context.source() as source, blamed_rightly(context, source):
        info = probe_source(
            source,
            upload=narrowed(context.config.upload, context.job.video.source_limits),
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
        )
        chapters = _chapters_of(source, info, context)
    pictures = planned_pictures(context.config.images)
    plan = replace(plan_encode(info, encoding=context.config.encoding), pictures=pictures)
    plan = replace(
        plan,
        text=plan_text(info, plan, context.config.text),
        cleans_source=context.config.privacy.clean_originals
        or is_to_be_sealed(context.job.video, context.config),
        recognition=planned_recognition(context.job.video, context.config.safety.recognition),
    )
    if context.job.is_reprocessing:
        plan = replan(context.job, plan)

    def record(job: Job) -> None:
        charge_minutes(
            project_id=job.video.project_id, duration_s=float(plan.duration_s), config=context.config
        )
        job.plan = plan.to_json()
        job.save(update_fields=["plan"])
        catalog.record_source_facts(video_id=job.video_id, facts=_source_facts(info, plan))
        record_found(video_id=job.video_id, chapters=chapters)
        add_steps(job=job, plans=steps_of(job, plan))

    return record


def _chapters_of(source: Source, info: MediaInfo, context: StepContext) -> tuple[Chapter, ...]:
    if not context.config.privacy.source_chapters:
        return ()
    found = read_chapters(source, info, encoding=context.config.encoding, heartbeat=context.heartbeat)
    return arrange((Chapter(one.start_ms, one.title) for one in found), end_ms=int(info.duration_s * 1000))


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
    if info.text:
        details["text_streams"] = [
            {"codec": text.codec, "language": text.language, "is_text": text.codec in TEXT_CODECS}
            for text in info.text
        ]
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
    chunk = pipeline.chunk_of(plan, context.step.inputs)
    unfit: dict[str, EncodeUnverified] = {}
    offering = Offering(context, lambda one: _video_facts(plan, one.name, one.codec))
    with (
        context.source() as source,
        blamed_rightly(context, source) as doubt,
        _timed(pipeline.ENCODE_CHUNK, _length_s(plan, chunk)),
    ):
        encoded = encode_what_can_be_shown(
            source,
            plan,
            chunk,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
            tell=Listeners(
                # Encoded again as long as that may help; then the others do without this one.
                on_unfit=unfit.__setitem__ if context.is_last_attempt else None,
                on_parts=offering.offer if is_seen_while_growing(plan, chunk, context.job) else None,
            ),
        )
        if any(one.is_mended or one.is_doubtful for one in encoded):
            doubt()
    runs = [(one, _video_facts(plan, one.name, one.codec), offering.store(one)) for one in encoded]

    def record(job: Job) -> None:
        made = {"video_id": job.video_id, "revision": job.revision}
        added = [
            Addition(facts, chunk.index, run, quality={"ssim": one.ssim, **_oddities(one)})
            for one, facts, run in runs
        ]
        renditions.add_runs(**made, added=added)
        for name, why in unfit.items():
            renditions.withhold_rendition(**made, facts=_video_facts(plan, name, ""), reason=why.message)

    return record


def _oddities(made: EncodedRendition) -> dict[str, bool]:
    return {"is_mended": made.is_mended, "is_doubtful": made.is_doubtful}


@contextmanager
def _timed(kind: str, length_s: Fraction) -> Iterator[None]:
    """Note how fast what takes so long to play is encoded; what fails is not noted."""
    began_s = time.monotonic()
    yield
    ENCODE_SPEED.note(float(length_s) / max(time.monotonic() - began_s, 0.001), kind)


def _length_s(plan: EncodePlan, chunk: Chunk) -> Fraction:
    frames = chunk.end_frame - chunk.first_frame
    return frames / plan.video.frame_rate if plan.video is not None else Fraction(0)


def _video_facts(plan: EncodePlan, name: str, codec: str) -> RenditionFacts:
    if plan.video is None:
        message = "A video rendition without a video plan."
        raise ValueError(message)
    rung = plan.video.rung(name)
    return RenditionFacts(
        name=name,
        kind="video",
        codec=codec,
        timescale=plan.video.timescale,
        bandwidth_cap_bps=rung.max_bitrate_bps,
        width=rung.width,
        height=rung.height,
        frame_rate=plan.video.frame_rate,
        run_count=sum(name in chunk.rung_names for chunk in plan.chunks),
    )


def run_encode_audio(context: StepContext) -> Record:
    """Encode one sound of the whole source, and store its segments as they come."""
    plan = context.plan
    audio = plan.sound(context.step.inputs.get("rendition", "a0"))

    def store(part: EncodedRendition) -> Record:
        run = publish(context, part)
        facts = RenditionFacts(
            name=part.name,
            kind="audio",
            codec=part.codec,
            timescale=part.timescale,
            bandwidth_cap_bps=audio.bitrate_bps,
            channels=audio.channels,
            language=audio.language,
            role=audio.role,
            audio_track=audio.track,
        )
        return partial(add_part, facts=facts, run=run, quality=_oddities(part))

    def store_now(part: EncodedRendition) -> None:
        record = store(part)
        persist(lambda: record_part(step=context.step, record=record), heartbeat=context.heartbeat)

    with (
        context.source() as source,
        blamed_rightly(context, source) as doubt,
        _timed(pipeline.ENCODE_AUDIO, audio.duration_s),
    ):
        rest = encode_what_can_be_heard(
            source,
            plan,
            audio,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
            on_progress=context.on_progress,
            on_part=store_now,
        )
        if rest.is_doubtful:
            doubt()
    record_rest = store(rest)

    def record_whole(job: Job) -> None:
        record_rest(job)
        renditions.complete_rendition(video_id=job.video_id, revision=job.revision, name=audio.name)

    return record_whole


RUNNERS: Mapping[str, Callable[[StepContext], Record]] = {
    pipeline.PROBE: run_probe,
    pipeline.ENCODE_CHUNK: run_encode_chunk,
    pipeline.REMUX: run_remux,
    pipeline.TRY_SAMPLES: run_trial,
    pipeline.ENCODE_AUDIO: run_encode_audio,
    pipeline.POSTER: run_poster,
    pipeline.STORYBOARD: run_storyboard,
    pipeline.PREVIEW: run_preview,
    pipeline.TEXT: run_text,
    pipeline.FINGERPRINT: run_fingerprint,
    pipeline.BAN_PICTURES: run_ban_pictures,
    pipeline.CLEAN_SOURCE: run_clean_source,
    pipeline.FINALIZE: run_finalize,
    pipeline.ADOPT: run_adopt,
}
