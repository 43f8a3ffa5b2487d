"""What text tracks do when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import RevisionBegun, RevisionGone
from videos.tracks.services import begin_revision, forget_revision


@subscribe(RevisionBegun)
def forget_embedded(event: RevisionBegun) -> None:
    begin_revision(video_id=event.video_id)


@subscribe(RevisionGone)
def forget_embedded_of(event: RevisionGone) -> None:
    forget_revision(video_id=event.video_id, revision=event.revision)
