"""What processing does when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from processing.jobs import pipeline
from processing.jobs.again import do_again
from processing.jobs.banned import hash_banned
from processing.jobs.pausing import pause_or_go_on
from processing.jobs.services import cancel_jobs_of, start_job
from videos.events import MaterialBanned, PosterChosen, VideoDeleted, VideoRestricted, VideoUploaded


@subscribe(VideoUploaded)
def process_upload(event: VideoUploaded) -> None:
    start_job(video_id=event.video_id)


@subscribe(VideoDeleted)
def stop_work(event: VideoDeleted) -> None:
    cancel_jobs_of(video_id=event.video_id)


@subscribe(VideoRestricted)
def pause_work(event: VideoRestricted) -> None:
    pause_or_go_on(video_id=event.video_id)


@subscribe(PosterChosen)
def make_poster_anew(event: PosterChosen) -> None:
    do_again(video_id=event.video_id, kind=pipeline.POSTER)


@subscribe(MaterialBanned)
def hash_banned_video(event: MaterialBanned) -> None:
    hash_banned(video_id=event.video_id)
