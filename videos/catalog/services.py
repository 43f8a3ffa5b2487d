"""Every change of a video. This module alone sets `Video.status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from gilfoyle.lib import ids, storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.errors import InvalidTransition
from gilfoyle.lib.events import publish
from gilfoyle.lib.states import require_transition
from gilfoyle.lib.transactions import atomic
from videos import layout, metrics
from videos.access.allowances import require_allowance
from videos.access.freezes import require_not_frozen
from videos.access.models import Project
from videos.catalog import states
from videos.catalog.content_keys import destroy_content_keys, forget_encrypted
from videos.catalog.legal_holds import require_not_held, require_open_to_uploads
from videos.catalog.models import ImageSet, Rendition, Video
from videos.catalog.source_keys import destroy_source_keys
from videos.catalog.sources import note_removal
from videos.catalog.trail import note_deed
from videos.errors import PosterBeyondEnd, SourceExists, UploadInProgress, VideoBeingDeleted, VideoNotFound
from videos.events import (
    PosterChosen,
    RevisionBegun,
    VideoDeleted,
    VideoFailed,
    VideoPlayable,
    VideoReady,
    VideoUploaded,
)

EDITABLE = ("title", "description", "metadata", "external_id", "creator_id", "poster_at_s")


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the probe found; sizes in displayed pixels."""

    duration_s: float
    width: int | None
    height: int | None
    frame_rate: Fraction | None
    details: Mapping[str, Any]


def locked_video(video_id: str) -> Video:
    """Lock a video until the current transaction ends. Raises: VideoNotFound."""
    video = Video.objects.select_for_update().filter(pk=video_id).first()
    if video is None:
        message = "There is no such video."
        raise VideoNotFound(message)
    return video


def _move(video: Video, wanted: str, **changes: Any) -> None:
    require_transition(states.TRANSITIONS, video.status, wanted, subject="video")
    video.status = wanted
    for name, value in changes.items():
        setattr(video, name, value)
    video.save(update_fields=["status", "updated_at", *changes])


def _require(video: Video, status: str) -> None:
    if video.status != status:
        message = f"This needs a video that is {status}, not {video.status}."
        raise InvalidTransition(message, current=video.status, wanted=status)


@atomic
def create_video(*, project: Project, fields: Mapping[str, Any], api_key_id: str = "") -> Video:
    """Make a video that awaits its source; `fields` holds editable ones only.

    Raises: UploadsFrozen, VideosLimited.
    """
    creator_id = fields.get("creator_id", "")
    require_not_frozen(project_id=project.pk, api_key_id=api_key_id, creator_id=creator_id)
    require_allowance(project_id=project.pk, api_key_id=api_key_id, creator_id=creator_id)
    return Video.objects.create(
        project=project, **{name: fields[name] for name in EDITABLE if name in fields}
    )


@atomic
def edit_video(*, video: Video, fields: Mapping[str, Any]) -> Video:
    """Change what the consumer may change.

    Raises: VideoNotFound, PosterBeyondEnd.
    """
    video = locked_video(video.pk)
    changed = [name for name in EDITABLE if name in fields]
    before_s = video.poster_at_s
    for name in changed:
        setattr(video, name, fields[name])
    if video.poster_at_s != before_s:
        require_poster_moment(video, video.poster_at_s)
    video.save(update_fields=[*changed, "updated_at"])
    if video.poster_at_s != before_s:
        publish(PosterChosen(video.pk))
    note_deed("video.edited", video, {"fields": sorted(changed)})
    return video


def require_poster_moment(video: Video, at_s: float | None) -> None:
    """Refuse a moment behind the end of a video, where that is known.

    Raises: PosterBeyondEnd.
    """
    if at_s is not None and video.duration_s is not None and at_s > video.duration_s:
        message = f"The poster can't be taken at {at_s:g} s: the video ends at {video.duration_s:g} s."
        raise PosterBeyondEnd(message, hint="Choose a time within the video, or null for a good picture.")


@atomic
def begin_receiving(*, video_id: str) -> Video:
    """Mark that a source is on its way.

    Raises: as `require_receivable`.
    """
    video = require_receivable(video_id=video_id)
    _move(video, states.UPLOADING)  # why it failed is kept: this upload may not arrive either
    return video


def require_receivable(*, video_id: str) -> Video:
    """Lock a video that may be given a source.

    Raises: VideoNotFound, VideoBeingDeleted, UploadInProgress, SourceExists, UploadsFrozen, VideoStopped.
    """
    video = locked_video(video_id)
    require_open_to_uploads(video)
    if video.status == states.DELETING:
        message = "This video is being deleted."
        raise VideoBeingDeleted(message)
    if video.status == states.UPLOADING:
        message = "Another upload to this video is under way."
        raise UploadInProgress(message, hint="Wait for it to end, or make another video.")
    if video.status not in {states.AWAITING_UPLOAD, states.FAILED}:
        message = "This video has a source already."
        raise SourceExists(message, hint="Make another video for another file.")
    return video


@atomic
def stop_receiving(*, video_id: str) -> None:
    """Take back `begin_receiving` after an upload that did not arrive whole; a kept source stays as it was."""
    video = Video.objects.select_for_update().filter(pk=video_id).first()
    if video is not None and video.status == states.UPLOADING:
        _move(video, states.FAILED if video.source_upload_id else states.AWAITING_UPLOAD)


@atomic
def mark_not_received(*, video_id: str, code: str, message: str) -> None:
    """Tell why the source that was awaited will not come; a video that has one, or is gone, stays as it is."""
    video = Video.objects.select_for_update().filter(pk=video_id).first()
    if video is None or video.source_upload_id or video.status not in {states.AWAITING_UPLOAD, states.FAILED}:
        return
    told = {"failure_code": code[:64], "failure_message": message[:500]}
    if video.status == states.FAILED:  # an earlier one did not come either; the latest reason counts
        Video.objects.filter(pk=video.pk).update(**told)
    else:
        _move(video, states.FAILED, **told)
    publish(VideoFailed(video.pk))


@atomic
def accept_source(
    *,
    video_id: str,
    upload_id: str,
    size_bytes: int,
    sha256: str,
    limits: Mapping[str, Any] | None = None,
    is_sealed: bool = False,
    version: str = "",
) -> None:
    """Record a whole, stored source and let everyone know; `limits` are what its upload allowed of it.

    Where it `is_sealed` its key is there already; size and hash are those of the file itself.
    `version` where it lies under another name than that of an upload's first try.

    Raises: VideoNotFound, InvalidTransition when the video was deleted meanwhile; VideoHeldLegally.
    """
    video = locked_video(video_id)
    _require(video, states.UPLOADING)
    if video.source_upload_id:
        require_not_held(video)
        replaced = layout.source_name(
            video.project_id, video.pk, video.source_upload_id, video.source_version
        )
        made = layout.revision_folder(video.project_id, video.pk, video.revision)
        # Left to the sweep, which asks again a store that fails, and waits for a backup that copies what its rows name.
        note_removal([replaced, made + "/"], video_id=video.pk)
        Rendition.objects.filter(video=video).delete()
        ImageSet.objects.filter(video=video).delete()
        forget_encrypted(video_id=video.pk)
    accepted = layout.source_name(video.project_id, video.pk, upload_id, version)
    destroy_source_keys(video_id=video.pk, except_for=accepted if is_sealed else "")
    _move(
        video,
        states.PROCESSING,
        revision=ids.new_revision(),
        source_upload_id=upload_id,
        source_size_bytes=size_bytes,
        source_sha256=sha256,
        source_version=version,
        source_is_sealed=is_sealed,
        source_limits=dict(limits or {}),
        source_cleaning={},
        stored_bytes=size_bytes,
        uploaded_at=timezone.now(),
        playable=False,
        progress=0,
        failure_code="",
        failure_message="",
    )
    publish(RevisionBegun(video.pk))
    publish(VideoUploaded(video.pk))


def hold_video(*, video_id: str) -> None:
    """Keep everyone else from changing a video until the current transaction ends; it may be gone already.

    Whoever is to lock rows below a video locks the video first: in one order, nobody waits in a circle.
    """
    Video.objects.select_for_update().filter(pk=video_id).first()


@atomic
def resume_processing(*, video_id: str) -> str:
    """Set a failed video back to processing, for a retry of its job; returns the revision.

    Raises: VideoNotFound, InvalidTransition.
    """
    video = locked_video(video_id)
    _require(video, states.FAILED)  # while a new source arrives, the old one is not taken up again
    _move(video, states.PROCESSING, failure_code="", failure_message="")
    return video.revision


@atomic
def renew_revision(*, video_id: str) -> str:
    """Throw away what was made of a video's source, for it is to be made anew; returns the new revision.

    Raises: VideoNotFound, InvalidTransition.
    """
    video = locked_video(video_id)
    _require(video, states.PROCESSING)
    require_not_held(video)
    made = layout.revision_folder(video.project_id, video.pk, video.revision)
    # Robust: a store that fails now costs room until the video is deleted, and nothing else.
    after_commit(storage.delete_folder, made)
    Rendition.objects.filter(video=video).delete()
    ImageSet.objects.filter(video=video).delete()
    forget_encrypted(video_id=video.pk)
    video.revision, video.progress = ids.new_revision(), 0
    video.stored_bytes = video.source_size_bytes or 0
    video.save(update_fields=["revision", "progress", "stored_bytes", "updated_at"])
    publish(RevisionBegun(video.pk))
    return video.revision


@atomic
def record_source_facts(*, video_id: str, facts: SourceFacts) -> None:
    """Keep what the probe found.

    Raises: VideoNotFound.
    """
    video = locked_video(video_id)
    video.duration_s = facts.duration_s
    video.width, video.height = facts.width, facts.height
    video.frame_rate = str(facts.frame_rate) if facts.frame_rate else ""
    video.source_facts = dict(facts.details)
    video.save(update_fields=["duration_s", "width", "height", "frame_rate", "source_facts", "updated_at"])


def add_source_facts(*, video_id: str, facts: Mapping[str, Any]) -> None:
    """Keep what a later look at the source found; the caller holds the video."""
    video = Video.objects.filter(pk=video_id).first()
    if video is not None and facts:
        video.source_facts = {**video.source_facts, **facts}
        video.save(update_fields=["source_facts", "updated_at"])


def count_bytes(*, video_id: str, change_bytes: int) -> None:
    """Count what was stored beside a video's revision, or (negative) is gone."""
    Video.objects.filter(pk=video_id).update(stored_bytes=F("stored_bytes") + change_bytes)


def count_revision_bytes(video_id: str, revision: str, change_bytes: int) -> None:
    """Note that a revision of a video takes more or fewer bytes; one that was thrown away takes none."""
    is_kept = Q(revision=revision) | Q(next_revision=revision) | Q(past_revisions__revision=revision)
    Video.objects.filter(is_kept, pk=video_id).update(stored_bytes=F("stored_bytes") + change_bytes)


@atomic
def mark_playable(*, video_id: str) -> None:
    """Let players in: the first segments of picture and sound are there. A second time changes nothing."""
    video = locked_video(video_id)
    if video.playable or video.status != states.PROCESSING:
        return
    video.playable, video.playable_at = True, timezone.now()
    video.save(update_fields=["playable", "playable_at", "updated_at"])
    if video.uploaded_at is not None:
        after_commit(metrics.PLAYABLE_SECONDS.note, (video.playable_at - video.uploaded_at).total_seconds())
    publish(VideoPlayable(video.pk))


@atomic
def mark_unplayable(*, video_id: str) -> None:
    """Let no players in until `mark_playable`: what there was to play was taken back. A second time changes nothing."""
    video = locked_video(video_id)
    if not video.playable or video.status != states.PROCESSING:
        return
    video.playable, video.playable_at = False, None
    video.save(update_fields=["playable", "playable_at", "updated_at"])


def record_progress(*, video_id: str, percent: int) -> None:
    """Raise a video's progress; it never falls."""
    Video.objects.filter(pk=video_id, status=states.PROCESSING, progress__lt=percent).update(progress=percent)


@atomic
def mark_ready(*, video_id: str) -> None:
    """Close all renditions: everything planned is there.

    Raises: VideoNotFound, InvalidTransition.
    """
    video = locked_video(video_id)
    Rendition.objects.filter(video=video, revision=video.revision).update(is_complete=True)
    _move(
        video,
        states.READY,
        playable=True,
        playable_at=video.playable_at or timezone.now(),
        progress=100,
        ready_at=timezone.now(),
    )
    after_commit(metrics.VIDEOS.add, metrics.READY)
    publish(VideoReady(video.pk))


@atomic
def mark_failed(*, video_id: str, code: str, message: str) -> None:
    """End processing without a result, and keep why, in words.

    Raises: VideoNotFound, InvalidTransition.
    """
    video = locked_video(video_id)
    _require(video, states.PROCESSING)
    _move(video, states.FAILED, playable=False, failure_code=code[:64], failure_message=message[:500])
    publish(VideoFailed(video.pk))


@atomic
def delete_video(*, video: Video) -> None:
    """Set a tombstone: nothing plays from now on, and what is encrypted opens no more; the sweep removes bytes and row.

    Raises: VideoNotFound, VideoHeldLegally.
    """
    video = locked_video(video.pk)
    if video.status == states.DELETING:
        return
    require_not_held(video)
    _move(video, states.DELETING, playable=False, deleted_at=timezone.now())
    destroy_content_keys(video_id=video.pk)
    destroy_source_keys(video_id=video.pk)  # whoever has copies of the object, can't read its source any more
    publish(VideoDeleted(video.pk))
    note_deed("video.deleted", video)


@atomic
def delete_if_sourceless(*, video_id: str) -> bool:
    """Delete a video whose source neither came nor is coming; False, and no change, for any other."""
    video = Video.objects.select_for_update().filter(pk=video_id).first()
    if video is None or video.status != states.AWAITING_UPLOAD or video.source_upload_id:
        return False
    delete_video(video=video)
    return True


def delete_videos(*, videos: Iterable[Video]) -> int:
    """Delete several videos; returns how many."""
    count = 0
    for video in videos:
        delete_video(video=video)
        count += 1
    return count
