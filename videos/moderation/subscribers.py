"""What moderation does when videos have news; inside the publisher's transaction."""

from __future__ import annotations

from gilfoyle.lib.events import subscribe
from videos.events import MaterialRecognised, ReportFiled, VideoPlayable, VideoUploaded
from videos.fingerprints.models import HOLD
from videos.fingerprints.selectors import find_match
from videos.moderation.cases import renew_cases
from videos.moderation.models import Report
from videos.moderation.policy import VIDEO
from videos.moderation.recognised import hold_recognised
from videos.moderation.reviewing_first import review_first
from videos.moderation.rules import COMING, MATCHING, REPORT
from videos.moderation.ruling import BY_PEOPLE, apply_rules


@subscribe(MaterialRecognised)
def hold_and_report(event: MaterialRecognised) -> None:
    match = find_match(event.match_id)
    hold_recognised(
        video_id=event.video_id,
        match_id=event.match_id,
        banned_video_id=match.ban.video_id if match else "",
        is_held=match is None or match.action == HOLD,
    )
    if match is not None:
        apply_rules(video_id=event.video_id, event=MATCHING, match_share=match.video_share)


@subscribe(VideoUploaded)
def hold_for_review(event: VideoUploaded) -> None:
    renew_cases(video_id=event.video_id)
    review_first(video_id=event.video_id)
    apply_rules(video_id=event.video_id, event=COMING)


@subscribe(VideoPlayable)
def apply_rules_of_length(event: VideoPlayable) -> None:
    apply_rules(video_id=event.video_id, event=COMING)


@subscribe(ReportFiled)
def apply_rules_of_reports(event: ReportFiled) -> None:
    report = Report.objects.get(pk=event.report_id)
    if report.subject_type == VIDEO and report.channel in BY_PEOPLE:
        apply_rules(video_id=report.subject_id, event=REPORT)
