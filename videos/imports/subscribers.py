"""What imports do when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import VideoDeleted, VideoUploaded
from videos.imports.services import cancel_import, close_arrived


@subscribe(VideoUploaded)
def close_import(event: VideoUploaded) -> None:
    close_arrived(video_id=event.video_id)


@subscribe(VideoDeleted)
def stop_import(event: VideoDeleted) -> None:
    cancel_import(video_id=event.video_id)
