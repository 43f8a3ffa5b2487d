"""Reports of viewers, of whom nothing is known but that they can play the video: bounded, and weighing little.

A session (the random number of a playback token and of its later ones) says a reason of a video's file once. It is kept
as a keyed hash that is another one for each video, so that no two reports can be told to be of one viewer. Many people may
share a token, and then they are one viewer: so whatever is not kept is counted, and nobody is silenced about what is severe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from gilfoyle.lib.public_report_settings import PublicReportSettings
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.catalog.models import Video
from videos.moderation import states
from videos.moderation.errors import ReportRejected, TooManyReports
from videos.moderation.locking import hold_subject
from videos.moderation.models import PUBLIC_FORM, Case, Report
from videos.moderation.policy import VIDEO
from videos.moderation.reasons import REASONS, SEVERE
from videos.moderation.reporting import Filing, file_report
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.sealed import viewer_of

# Orders of courts and authorities come by another way.
PUBLIC_REASONS = tuple(code for code in REASONS if code != "court_order")
MAX_PUBLIC_TEXT = 1000
MOST_OF_SESSION = 3  # reasons that one viewer may name of a video's file, beside severe ones
HOUR = timedelta(hours=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PublicReport:
    """What a viewer says. `session`: of the playback token. `at_s`: seconds from the beginning of the video."""

    project_id: str
    video_id: str
    session: bytes
    reason: str
    comment: str = ""
    at_s: float | None = None


class _Fate(Enum):
    KEPT = "kept"
    KNOWN = "known"
    SAID_MUCH = "said_much"
    COUNTED = "counted"


def file_public_report(said: PublicReport, *, limits: PublicReportSettings) -> bool:
    """Take a viewer's report; False: this viewer has said so before of this file.

    What comes again, or beyond the bounds of a viewer or of an hour (but for the first of its reason), is counted at the
    case and not kept.

    Raises: ReportRejected; TooManyReports.
    """
    if said.reason not in PUBLIC_REASONS or len(said.comment) > MAX_PUBLIC_TEXT:
        message = "The report has no reason that can be chosen, or too long a text."
        raise ReportRejected(message)
    fate = _take(said, limits)
    if fate is _Fate.SAID_MUCH:
        message = "You have reported this video for several reasons already."
        raise TooManyReports(message, hint="Your report was counted; its words were not kept.")
    if fate is _Fate.COUNTED:
        message = "This video has been reported many times within the last hour."
        raise TooManyReports(message, hint="Your report was counted; its words were not kept.")
    return fate is _Fate.KEPT


@atomic
def _take(said: PublicReport, limits: PublicReportSettings) -> _Fate:
    # Under the video's lock, so that reports at once can't slip past the bounds together.
    hold_subject(project_id=said.project_id, subject_type=VIDEO, subject_id=said.video_id)
    viewer = viewer_of(said.video_id, said.session, root_secret=settings.GILFOYLE_ROOT_SECRET)
    of_video = Report.objects.filter(
        project_id=said.project_id, subject_type=VIDEO, subject_id=said.video_id, channel=PUBLIC_FORM
    )
    mine = of_video.filter(reporter=viewer)
    came_at = Video.objects.filter(pk=said.video_id).values_list("uploaded_at", flat=True).first()
    if came_at is not None:  # of another file than this one nothing was said yet
        mine = mine.filter(created_at__gte=came_at)
    of_reason = {report.reason: report for report in mine.order_by("created_at")}
    if said.reason in of_reason:
        return _count(said, of_reason[said.reason], _Fate.KNOWN)
    if len(of_reason) >= MOST_OF_SESSION and REASONS[said.reason].severity < SEVERE:
        return _count(said, list(of_reason.values())[-1], _Fate.SAID_MUCH)
    lately = Q(created_at__gt=timezone.now() - HOUR)
    of_project = Report.objects.filter(lately, project_id=said.project_id, channel=PUBLIC_FORM)
    is_full = (
        of_video.filter(lately).count() >= limits.video_per_hour
        or of_project.count() >= limits.project_per_hour
    )
    # A flood of one reason must not drown another.
    if is_full and (repeated := of_video.filter(lately, reason=said.reason).first()) is not None:
        return _count(said, repeated, _Fate.COUNTED)
    filing = Filing(
        VIDEO,
        said.video_id,
        said.reason,
        comment=said.comment,
        at_s=said.at_s,
        viewer=viewer,
        channel=PUBLIC_FORM,
    )
    project = Project.objects.get(pk=said.project_id)
    report, is_new = file_report(project=project, filing=filing, by=reviewer_of_house())
    return _Fate.KEPT if is_new else _count(said, report, _Fate.KNOWN)


def _count(said: PublicReport, like: Report, fate: _Fate) -> _Fate:
    """Count what is not kept at the undecided case of the video, or where there is none at that of a report like it."""
    cases = Case.objects.filter(project_id=said.project_id, subject_type=VIDEO, subject_id=said.video_id)
    more = F("unkept_reports") + 1
    if not cases.filter(state__in=states.UNDECIDED).update(unkept_reports=more):
        cases.filter(pk=like.case_id).update(unkept_reports=more)
    log.info("public_report_counted", video_id=said.video_id, reason=said.reason, why=fate.value)
    return fate
