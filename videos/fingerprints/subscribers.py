"""What recognition does when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import SourceHashed, VideoDeleted, VideoRestricted, VideoUploaded
from videos.fingerprints.banning import follow_restriction
from videos.fingerprints.services import forget_video, note_source_hash, note_upload


@subscribe(VideoUploaded)
def recognise_file(event: VideoUploaded) -> None:
    note_upload(video_id=event.video_id)


@subscribe(SourceHashed)
def recognise_hashed_file(event: SourceHashed) -> None:
    note_source_hash(video_id=event.video_id)


@subscribe(VideoDeleted)
def forget_fingerprint(event: VideoDeleted) -> None:
    forget_video(video_id=event.video_id)


@subscribe(VideoRestricted)
def ban_or_release(event: VideoRestricted) -> None:
    follow_restriction(video_id=event.video_id)
