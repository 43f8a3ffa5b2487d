"""Reads of text tracks. Those of an earlier revision are not there for anybody."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from gilfoyle.lib.ids import is_id
from videos import layout
from videos.catalog.models import Video
from videos.errors import TrackNotFound
from videos.tracks.models import TextTrack


@dataclass(frozen=True, slots=True)
class PlayableTrack:
    """A text track as players are told of it, and where its text is stored."""

    id: str
    kind: str
    language: str
    label: str
    is_default: bool
    is_forced: bool
    stored_name: str
    size_bytes: int = 0
    is_encrypted: bool = False


def _of_revision(video_id: str, revision: str) -> QuerySet[TextTrack]:
    return TextTrack.objects.filter(Q(revision="") | Q(revision=revision), video_id=video_id)


def list_tracks(*, video: Video) -> QuerySet[TextTrack]:
    """Return a video's tracks: uploaded ones, oldest first, then those of its source."""
    return _of_revision(video.pk, video.revision)


def get_track(*, video: Video, track_id: str) -> TextTrack:
    """Return one track of a video.

    Raises: TrackNotFound.
    """
    track = list_tracks(video=video).filter(pk=track_id).first() if is_id(track_id) else None
    if track is None:
        message = "There is no such text track."
        raise TrackNotFound(message)
    return track


def list_playable_tracks(video_id: str, revision: str) -> tuple[PlayableTrack, ...]:
    """Return the tracks that go with a revision, in the order in which players list them."""
    return tuple(
        PlayableTrack(
            id=track.pk,
            kind=track.kind,
            language=track.language,
            label=track.label,
            is_default=track.is_default,
            is_forced=track.is_forced,
            stored_name=layout.track_name(track.video.project_id, video_id, track.revision, track.pk),
            size_bytes=track.size_bytes,
            is_encrypted=track.is_encrypted,
        )
        for track in _of_revision(video_id, revision).select_related("video")
    )
