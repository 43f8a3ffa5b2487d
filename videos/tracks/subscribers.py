"""What text tracks do when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import RevisionBegun, RevisionGone, VideoDeleted
from videos.tracks.services import begin_revision, destroy_keys, forget_revision


@subscribe(RevisionBegun)
def forget_embedded(event: RevisionBegun) -> None:
    begin_revision(video_id=event.video_id)


@subscribe(RevisionGone)
def forget_embedded_of(event: RevisionGone) -> None:
    forget_revision(video_id=event.video_id, revision=event.revision)


@subscribe(VideoDeleted)
def shred_texts(event: VideoDeleted) -> None:
    destroy_keys(video_id=event.video_id)
