"""What processing does when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from processing.jobs import pipeline
from processing.jobs.again import do_again
from processing.jobs.services import cancel_jobs_of, start_job
from videos.events import PosterChosen, VideoDeleted, VideoUploaded


@subscribe(VideoUploaded)
def process_upload(event: VideoUploaded) -> None:
    start_job(video_id=event.video_id)


@subscribe(VideoDeleted)
def stop_work(event: VideoDeleted) -> None:
    cancel_jobs_of(video_id=event.video_id)


@subscribe(PosterChosen)
def make_poster_anew(event: PosterChosen) -> None:
    do_again(video_id=event.video_id, kind=pipeline.POSTER)
