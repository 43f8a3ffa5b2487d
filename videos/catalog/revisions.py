"""Revisions beside the one that plays: one that is being made to take its place, and those that it took over from.

Players read the list of renditions once and go on with its addresses, so a revision that was replaced stays for as
long as anybody may still play it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib import ids, storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.errors import InvalidTransition
from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import states
from videos.catalog.content_keys import forget_encrypted
from videos.catalog.models import ImageSet, PastRevision, Rendition, RenditionRun, Video
from videos.catalog.services import count_revision_bytes, locked_video
from videos.errors import AlreadyReprocessing
from videos.events import RevisionGone

BATCH = 50
REWRITES = timedelta(hours=1)  # how long a worker that was given up may still store something


@atomic
def begin_revision(*, video_id: str) -> str:
    """Announce a revision that is to take the place of the one that plays; returns its name.

    Raises: VideoNotFound, InvalidTransition where nothing plays, AlreadyReprocessing.
    """
    video = locked_video(video_id)
    if video.status != states.READY:
        message = f"Only a video that is ready can be processed again; this one is {video.status}."
        raise InvalidTransition(message, hint="Follow its job, or upload its source.")
    if video.next_revision:
        message = "This video is being processed again already."
        raise AlreadyReprocessing(message, hint="Follow its job, or cancel it.")
    video.next_revision = ids.new_revision()
    video.save(update_fields=["next_revision", "updated_at"])
    return video.next_revision


@atomic
def adopt_rendition(*, video_id: str, revision: str, name: str, sizes: Sequence[int]) -> None:
    """Record in an announced revision a rendition of the one that plays, whose objects were copied; once is enough.

    `sizes` are those of the copies of its segments, by number: other ones where only one of the two is encrypted.

    Raises: VideoNotFound, InvalidTransition where it is not the one that was announced.
    """
    video = _locked_with_next(video_id, revision)
    old = Rendition.objects.filter(video=video, revision=video.revision, name=name).first()
    if old is None or Rendition.objects.filter(video=video, revision=revision, name=name).exists():
        return
    runs = list(old.runs.all())
    old.pk, old.revision = ids.new_rendition_id(), revision
    old.save(force_insert=True)
    for run in runs:
        run.pk, run.rendition = ids.new_run_id(), old
        run.sizes = list(sizes[run.first_number : run.first_number + len(run.sizes)])
    RenditionRun.objects.bulk_create(runs)
    count_revision_bytes(video_id, revision, sum(sum(run.sizes) for run in runs))


@atomic
def replace_revision(*, video_id: str, revision: str) -> None:
    """Let a revision that is complete play from now on; who plays the old one plays it to its end.

    Raises: VideoNotFound, InvalidTransition where it is not the one that was announced.
    """
    video = _locked_with_next(video_id, revision)
    Rendition.objects.filter(video=video, revision=revision).update(is_complete=True)
    PastRevision.objects.create(video=video, revision=video.revision)
    video.revision, video.next_revision = revision, ""
    video.save(update_fields=["revision", "next_revision", "updated_at"])


@atomic
def drop_revision(*, video_id: str, revision: str) -> None:
    """Throw away what was made of a revision that will not be complete; the one that plays is not touched.

    Raises: VideoNotFound, InvalidTransition where it is not the one that was announced.
    """
    video = _locked_with_next(video_id, revision)
    _clear(video, revision)
    # Its folder is looked at once more, for what a worker that was given up may still store.
    PastRevision.objects.create(video=video, revision=revision, was_played=False)
    video.next_revision = ""
    video.save(update_fields=["next_revision", "updated_at"])


def _locked_with_next(video_id: str, revision: str) -> Video:
    video = locked_video(video_id)
    if not revision or video.next_revision != revision:
        message = "This revision is not the one that is being made."
        raise InvalidTransition(message, revision=revision)
    return video


def _clear(video: Video, revision: str) -> None:
    """Remove a revision's rows and, once that is committed, its objects."""
    runs = RenditionRun.objects.filter(rendition__video=video, rendition__revision=revision)
    size_bytes = sum(sum(sizes) for sizes in runs.values_list("sizes", flat=True))
    images = ImageSet.objects.filter(video=video, revision=revision)
    size_bytes += sum(map(sum, images.values_list("size_bytes", "replaced_size_bytes")))
    count_revision_bytes(video.pk, revision, -size_bytes)
    Rendition.objects.filter(video=video, revision=revision).delete()
    images.delete()
    forget_encrypted(video_id=video.pk, revision=revision)
    publish(RevisionGone(video.pk, revision))
    folder = layout.revision_folder(video.project_id, video.pk, revision)
    # Robust: a store that fails now costs room until the video is deleted, and nothing else.
    after_commit(storage.delete_folder, folder)


def remove_past(*, longest_play_s: float, now: datetime | None = None) -> int:
    """Remove the revisions that nobody plays any more; returns how many."""
    now = now or timezone.now()
    free = PastRevision.objects.filter(video__legal_hold=False)
    unplayed = Q(was_played=True, since__lte=now - timedelta(seconds=longest_play_s))
    forgotten = Q(was_played=False, since__lte=now - REWRITES)
    rows = list(free.filter(unplayed | forgotten).order_by("since")[:BATCH])
    return sum(_remove(row) for row in rows)


@atomic
def _remove(past: PastRevision) -> bool:
    video = Video.objects.select_for_update().filter(pk=past.video_id).first()
    if video is None or video.legal_hold:  # a hold may have come since
        return False
    _clear(video, past.revision)
    PastRevision.objects.filter(pk=past.pk).delete()
    return True
