"""Processing a video once more, whole or in part.

One that plays goes on playing: what is made stands beside it, in a revision that takes its place when complete.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.transactions import atomic
from processing.errors import CodecNotConfigured, CodecNotPlanned, EncodeUnverified, UnknownRendition
from processing.jobs import pipeline
from processing.jobs.encryption import cipher_of, prepare_encryption
from processing.jobs.models import Job
from processing.jobs.origin import origin_here
from processing.jobs.pipeline import StepPlan
from processing.jobs.services import Record, add_steps, start_job
from processing.jobs.step_context import StepContext
from processing.ladder.partly import names_of, replan_codecs
from processing.media import EncodePlan
from videos import layout
from videos.access.quotas import charge_minutes
from videos.catalog import revisions
from videos.catalog import services as catalog
from videos.catalog.selectors import list_playable_renditions, list_renditions
from videos.catalog.trail import note_deed
from videos.fingerprints.selectors import has_fingerprint
from videos.models import Video
from videos.segment_cipher import SegmentCipher
from videos.segment_index import Segment


@atomic
def reprocess(*, video: Video, renditions: Sequence[str] = (), codecs: Sequence[str] = ()) -> Job:
    """Begin to process a video again: whole, by today's settings, or some renditions or codecs alone.

    One that failed is begun anew as a whole; there is nothing that a part could be added to.
    Raises: VideoNotFound, InvalidTransition, AlreadyReprocessing, UnknownRendition, CodecNotConfigured, QuotaExceeded.
    """
    catalog.hold_video(video_id=video.pk)
    video = Video.objects.get(pk=video.pk)
    if video.status == "failed" and video.source_upload_id and not renditions and not codecs:
        catalog.resume_processing(video_id=video.pk)
        catalog.renew_revision(video_id=video.pk)
        job = start_job(video_id=video.pk)
        note_deed("video.reprocessed", video, {"job": job.pk})
        return job
    revision = revisions.begin_revision(video_id=video.pk)
    wish = {"renditions": list(renditions), "codecs": list(codecs)}
    job = Job(video=video, revision=revision, reprocessing=wish, **origin_here())
    if renditions:
        plan = replace(_present_plan(video), copy=None)
        _require_known(plan, renditions)
        # What is made wholly anew is counted by its probe.
        charge_minutes(
            project_id=video.project_id, duration_s=float(plan.duration_s), config=settings.GILFOYLE
        )
        job.plan = plan.to_json()
    _require_configured(codecs)
    prepare_encryption(job)
    job.save()
    add_steps(job=job, plans=steps_of(job, plan) if renditions else [pipeline.plan_first_step()])
    note_deed("video.reprocessed", video, {"job": job.pk, **wish})
    return job


def _present_plan(video: Video) -> EncodePlan:
    return EncodePlan.from_json(Job.objects.get(video=video, revision=video.revision).plan or {})


def _require_known(plan: EncodePlan, wanted: Collection[str]) -> None:
    known = _all_names(plan)
    if unknown := sorted(set(wanted) - set(known)):
        message = f"This video has no rendition {', '.join(unknown)}."
        raise UnknownRendition(message, hint=f"It has {', '.join(known)}.")


def _require_configured(codecs: Collection[str]) -> None:
    known = settings.GILFOYLE.encoding.codecs
    if unknown := sorted(set(codecs) - set(known)):
        message = f"{', '.join(unknown)} is not among the codecs of this server."
        raise CodecNotConfigured(message, hint=f"encoding.codecs holds {', '.join(known)}.")


def _all_names(plan: EncodePlan) -> tuple[str, ...]:
    rungs = plan.video.rungs if plan.video else ()
    return (*(rung.name for rung in rungs), *(audio.name for audio in plan.audio))


def replan(job: Job, plan: EncodePlan) -> EncodePlan:
    """Return what of today's plan is wanted: all but a stop-gap, or the ladders of some codecs beside what there is.

    Raises: GridChanged; CodecNotPlanned where the pictures are too small for a codec.
    """
    if not job.remade_codecs:
        return replace(plan, copy=None)
    partly = replan_codecs(_present_plan(job.video), plan, job.remade_codecs)
    planned = {rung.codec for rung in partly.video.rungs} if partly.video else set()
    if missing := [codec for codec in job.remade_codecs if codec not in planned]:
        message = f"This video's pictures can't be encoded in {', '.join(missing)}."
        raise CodecNotPlanned(message)
    return partly


def steps_of(job: Job, plan: EncodePlan) -> tuple[StepPlan, ...]:
    """Lay out the steps of a job whose plan is made."""
    if has_fingerprint(video_id=job.video_id, upload_id=job.video.source_upload_id):
        plan = replace(plan, recognition="")
    if not job.is_partial:
        return pipeline.plan_steps(plan)
    made = _made_names(job, plan)
    there = {one.name for one in list_renditions(video=job.video) if not one.is_stopgap}
    kept = [name for name in _all_names(plan) if name in there and name not in made]
    return pipeline.plan_partial_steps(plan, made=made, kept=kept)


def _made_names(job: Job, plan: EncodePlan) -> tuple[str, ...]:
    return names_of(plan, renditions=job.remade_renditions, codecs=job.remade_codecs)


def run_adopt(context: StepContext) -> Record:
    """Take over renditions from the revision that plays: as they are, without new bytes where the store has links.

    Where one of the two revisions is encrypted, the segments are encrypted anew: each revision has its own key.
    """
    names: list[str] = context.step.inputs["renditions"]
    video = context.job.video
    adopted = [one for one in list_playable_renditions(video.pk, video.revision) if one.name in names]
    total = sum(len(one.index.segments) for one in adopted) or 1
    old_cipher = cipher_of(Job.objects.get(video=video, revision=video.revision))
    ciphers = (old_cipher, cipher_of(context.job))
    sizes: dict[str, list[int]] = {name: [] for name in names}
    done = 0
    for one in adopted:
        old = layout.rendition_folder(video.project_id, video.pk, video.revision, one.name)
        new = context.folder(one.name)
        if one.index.segments:
            storage.copy_object(layout.init_name(old), layout.init_name(new))
        for segment in one.index.segments:
            context.heartbeat()
            sizes[one.name].append(_copy_segment(segment, folders=(old, new), name=one.name, ciphers=ciphers))
            done += 1
            context.on_progress(done / total)

    def record(job: Job) -> None:
        for name in names:
            revisions.adopt_rendition(
                video_id=job.video_id, revision=job.revision, name=name, sizes=sizes[name]
            )

    return record


def _copy_segment(
    segment: Segment,
    *,
    folders: tuple[str, str],
    name: str,
    ciphers: tuple[SegmentCipher | None, SegmentCipher | None],
) -> int:
    """Copy a segment between the folders of two revisions, as each has it; returns the size of the copy."""
    number = segment.number
    source, target = (layout.segment_name(folder, number) for folder in folders)
    old_cipher, new_cipher = ciphers
    if old_cipher is None and new_cipher is None:
        storage.copy_object(source, target)
        return segment.size_bytes
    with storage.open_stored(source) as stored:
        data = stored.read()
    if old_cipher is not None:
        data = old_cipher.decrypt(data, rendition=name, number=number)
    if new_cipher is not None:
        data = new_cipher.encrypt(data, rendition=name, number=number)
    storage.add_bytes(target, data)
    return len(data)


def require_better(job: Job, plan: EncodePlan, withheld: Collection[str]) -> None:
    """Let a part that was made anew only take the place of the old where all of it is fit to be shown.

    Raises: EncodeUnverified.
    """
    if unfit := sorted(set(withheld) & set(_made_names(job, plan)) if job.is_partial else ()):
        message = f"What was made anew is not fit to be shown: {', '.join(unfit)}."
        raise EncodeUnverified(message)
