"""What uploads do when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import VideoDeleted
from videos.uploads.resumable import end_uploads_of


@subscribe(VideoDeleted)
def end_uploads(event: VideoDeleted) -> None:
    end_uploads_of(video_id=event.video_id)
