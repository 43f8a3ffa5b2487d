"""What is counted when videos have news; inside the publisher's transaction, and noted once it is done."""

from __future__ import annotations

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.events import subscribe
from videos import metrics
from videos.catalog.models import Video
from videos.events import CaseDecided, MaterialRecognised, ReportFiled, VideoFailed, VideoUploaded
from videos.fingerprints.selectors import find_match
from videos.moderation.models import Decision, Report
from videos.moderation.policy import API_KEY, CREATOR, VIDEO
from videos.moderation.ruling import BY_PEOPLE
from videos.moderation.striking import key_of_video
from videos.usage.measures import BYTES_IN, DECISIONS, FAILED, MATCHES, REPORTS, UPLOADS, Measure
from videos.usage.tally import note_use_after_commit


@subscribe(VideoUploaded)
def count_upload(event: VideoUploaded) -> None:
    video = Video.objects.get(pk=event.video_id)
    _note_of_video(UPLOADS, video)
    _note_of_video(BYTES_IN, video, amount=video.source_size_bytes or 0)
    after_commit(metrics.UPLOADS.add, metrics.FINISHED)
    after_commit(metrics.UPLOAD_BYTES.add, amount=video.source_size_bytes or 0)


@subscribe(VideoFailed)
def count_failure(event: VideoFailed) -> None:
    video = Video.objects.get(pk=event.video_id)
    _note_of_video(FAILED, video, code=video.failure_code)
    after_commit(metrics.VIDEOS.add, metrics.FAILED)


@subscribe(MaterialRecognised)
def count_match(event: MaterialRecognised) -> None:
    match = find_match(event.match_id)
    video = Video.objects.filter(pk=event.video_id).first()
    if match is not None and video is not None:
        _note_of_video(MATCHES, video, code=match.kind)


@subscribe(ReportFiled)
def count_report(event: ReportFiled) -> None:
    report = Report.objects.get(pk=event.report_id)
    if report.channel in BY_PEOPLE:
        _note_of(REPORTS, report.project_id, (report.subject_type, report.subject_id), code=report.reason)


@subscribe(CaseDecided)
def count_decision(event: CaseDecided) -> None:
    decision = Decision.objects.get(pk=event.decision_id)
    _note_of(DECISIONS, decision.project_id, (decision.target_type, decision.target_id), code=decision.kind)


def _note_of(measure: Measure, project_id: str, subject: tuple[str, str], *, code: str) -> None:
    subject_type, subject_id = subject
    video = Video.objects.filter(pk=subject_id).first() if subject_type == VIDEO else None
    if video is not None:
        _note_of_video(measure, video, code=code)
        return
    note_use_after_commit(
        measure.name,
        project_id=project_id,
        api_key_id=subject_id if subject_type == API_KEY else "",
        creator_id=subject_id if subject_type == CREATOR else "",
        code=code,
    )


def _note_of_video(measure: Measure, video: Video, *, amount: int = 1, code: str = "") -> None:
    note_use_after_commit(
        measure.name,
        project_id=video.project_id,
        api_key_id=key_of_video(video),
        creator_id=video.creator_id,
        amount=amount,
        code=code,
    )
