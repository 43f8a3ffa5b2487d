"""The steps of recognition: a source's pictures are compared with banned ones; those of a banned video are hashed in all views."""

from __future__ import annotations

import hashlib
from functools import partial

from gilfoyle.lib.safety_settings import RecognitionSettings
from gilfoyle.lib.sealed_storage import read_through
from processing.ffmpeg.budget import MOST_NICENESS
from processing.images.gray_pictures import read_gray_pictures
from processing.jobs import pipeline
from processing.jobs.models import Job
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from processing.media import Recognition
from videos.catalog.models import Video
from videos.catalog.stored_sources import open_source
from videos.fingerprints import banning, services
from videos.fingerprints.appearances import BAN_RATE, FRAME_PX, QUERY_RATE
from videos.fingerprints.hashing import Frames, hash_ban, hash_upload, read_frames
from videos.fingerprints.models import ALGORITHM
from videos.fingerprints.recognising import present_bank
from videos.fingerprints.selectors import has_fingerprint, looks_for_md5, looks_for_pictures


def planned_recognition(video: Video, settings: RecognitionSettings) -> Recognition:
    """Tell whether a source's pictures are looked at, and whether its playing waits for that.

    It waits where anything is banned whose pictures could be found again.
    """
    upload_id = video.source_upload_id
    if not settings.enabled or has_fingerprint(video_id=video.pk, upload_id=upload_id):
        return ""
    return "before_play" if settings.before_play and looks_for_pictures() else "beside"


def run_fingerprint(context: StepContext) -> Record:
    """Hash the source's pictures, and compare them with all that is banned."""
    video = context.job.video
    hashes = hash_upload(_pictures(context, QUERY_RATE))
    bank = present_bank(heartbeat=context.heartbeat)
    sightings = bank.recognise(hashes, heartbeat=context.heartbeat)
    md5 = _md5(context) if looks_for_md5() else ""

    def record(job: Job) -> None:
        services.record_fingerprint(
            video_id=job.video_id,
            upload_id=video.source_upload_id,
            hashes=hashes.tobytes(),
            algorithm=ALGORITHM,
            md5=md5,
            sightings=sightings,
            searched_version=bank.version,
        )

    return record


def run_ban_pictures(context: StepContext) -> Record:
    """Hash the pictures of a banned video as re-uploads show them: cut, mirrored, turned."""
    hashes, pictures = hash_ban(_pictures(context, BAN_RATE))
    moments = (pictures * QUERY_RATE // BAN_RATE).astype("<u4")
    return partial(_record_ban, hashes=hashes.tobytes(), moments=moments.tobytes())


def _record_ban(job: Job, *, hashes: bytes, moments: bytes) -> None:
    banning.record_ban_pictures(video_id=job.video_id, hashes=hashes, moments=moments)


def _pictures(context: StepContext, rate: int) -> Frames:
    is_waited_for = context.step.kind == pipeline.FINGERPRINT and not context.step.is_optional
    with context.source() as source:
        target = read_gray_pictures(
            source,
            context.plan,
            rate=rate,
            side_px=FRAME_PX,
            work_dir=context.work_dir,
            encoding=context.config.encoding,
            niceness=0 if is_waited_for else MOST_NICENESS,
            heartbeat=context.heartbeat,
        )
    return read_frames(target)


def _md5(context: StepContext) -> str:
    """Return the MD5 of the source: what lists of files have that are older than better hashes."""
    digest, opened = hashlib.md5(usedforsecurity=False), open_source(context.job.video)
    for piece in read_through(opened.read, opened.size_bytes, heartbeat=context.heartbeat):
        digest.update(piece)
    return digest.hexdigest()
