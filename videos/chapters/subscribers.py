"""What chapters do when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.chapters.services import forget_found
from videos.events import RevisionBegun


@subscribe(RevisionBegun)
def forget_chapters_of_source(event: RevisionBegun) -> None:
    forget_found(video_id=event.video_id)
