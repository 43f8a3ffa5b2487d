"""The step that reads the subtitles inside a source."""

from __future__ import annotations

from gilfoyle.lib import ids
from processing.jobs.models import Job
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.text.extract import ExtractedText, extract_text
from videos import layout
from videos.catalog.sources import keep_promised, promise_object
from videos.tracks import services as tracks
from videos.tracks.services import StoredTrack, TrackFacts
from videos.tracks.texts import save_text
from videos.tracks.webvtt import write_webvtt


def run_text(context: StepContext) -> Record:
    """Read, clean and store all subtitles of the source; those that can't be read are noted and left out."""
    with context.source() as source:
        texts = extract_text(
            source,
            context.plan,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            heartbeat=context.heartbeat,
        )
    context.heartbeat()
    stored = [_store(context, text) for text in texts if not text.left_out]
    left_out = [
        {"stream": text.plan.stream_index, "codec": text.plan.codec, "reason": text.left_out}
        for text in texts
        if text.left_out
    ]

    def record(job: Job) -> None:
        for track in stored:
            keep_promised(_name_of(context, track.id))
        tracks.record_embedded(video_id=job.video_id, revision=job.revision, tracks=stored, left_out=left_out)

    return record


def _store(context: StepContext, text: ExtractedText) -> StoredTrack:
    """Store a text under a name of its own: a slow twin's never lies where a successor's does."""
    video = context.job.video
    data = write_webvtt(text.cues).encode()
    track_id = ids.new_track_id()
    name = _name_of(context, track_id)
    promise_object(
        name, video_id=video.pk
    )  # should this worker die before it is recorded, the sweep knows of it
    wrapped = save_text(name, data, is_encrypted=context.job.is_encrypted)
    plan = text.plan
    # What a container calls its default is what the tool that wrote it put first: nobody's wish.
    facts = TrackFacts(kind=plan.kind, language=plan.language, is_forced=plan.is_forced)
    return StoredTrack(track_id, facts, len(text.cues), len(data), wrapped_key=wrapped)


def _name_of(context: StepContext, track_id: str) -> str:
    video = context.job.video
    return layout.track_name(video.project_id, video.pk, context.job.revision, track_id)
