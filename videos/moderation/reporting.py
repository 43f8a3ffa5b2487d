"""Reports come in: from consumers' backends, the public, rules and matches. They gather in one case per subject."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.access.models import ApiKey, Project
from videos.catalog.models import Video
from videos.events import ReportFiled
from videos.moderation import states
from videos.moderation.cases import move_case, open_case, rescore
from videos.moderation.errors import ReportRejected
from videos.moderation.locking import hold_subject, locked_case
from videos.moderation.models import CONSUMER_API, MAX_TEXT, PUBLIC_FORM, SUBJECT_LENGTH, Case, Report
from videos.moderation.policy import API_KEY, CREATOR, PROJECT, VIDEO, Kind, Reviewer
from videos.moderation.reasons import REASONS, SEVERE
from videos.moderation.restricting import active_of
from videos.moderation.sealed import person_of, seal_text
from videos.moderation.trail import leave

MAX_EVIDENCE, MAX_EVIDENCE_LENGTH = 10, 500
MAX_REPORTER = 255
BRAKE = timedelta(days=30)  # after "no action", the same reason alone opens no other case
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Filing:
    """What somebody says. `reporter`: the consumer's own id of that person, which is not kept.

    `viewer`: instead, of the public form, what stands for the viewer already.
    """

    subject_type: str
    subject_id: str
    reason: str
    comment: str = ""
    at_s: float | None = None
    evidence: Sequence[str] = ()
    reporter: str = ""
    channel: str = CONSUMER_API
    match_id: str = ""
    viewer: str = ""


@atomic
def file_report(*, project: Project, filing: Filing, by: Reviewer) -> tuple[Report, bool]:
    """Take a report, in the case of its subject; the same from the same person is the report that is there (False).

    Raises: ReportRejected.
    """
    _require_sayable(filing)
    hold_subject(project_id=project.pk, subject_type=filing.subject_type, subject_id=filing.subject_id)
    _require_subject(project, filing)
    root_secret = settings.GILFOYLE_ROOT_SECRET
    person = filing.viewer or person_of(filing.reporter, project_id=project.pk, root_secret=root_secret)
    of_subject = Report.objects.filter(
        project=project, subject_type=filing.subject_type, subject_id=filing.subject_id
    )
    same = of_subject.filter(reason=filing.reason, state=states.REPORTED)
    known = (same.filter(reporter=person) if person else same.none()).first()
    if known is None and filing.match_id:
        known = of_subject.filter(match_id=filing.match_id).first()
    if known is not None:
        return known, False
    report = Report(
        project=project,
        subject_type=filing.subject_type,
        subject_id=filing.subject_id,
        reason=filing.reason,
        at_s=filing.at_s,
        reporter=person,
        channel=filing.channel,
        match_id=filing.match_id,
    )
    content = {"comment": filing.comment, "evidence": list(filing.evidence)}
    report.sealed_text = seal_text(content, owner=report.pk, root_secret=root_secret)
    _gather(report, by)
    return report, True


def _require_sayable(filing: Filing) -> None:
    """Raises: ReportRejected."""
    if filing.reason not in REASONS:
        message = "There is no such reason."
        raise ReportRejected(message, hint=f"Reasons are {', '.join(REASONS)}.")
    if len(filing.comment) > MAX_TEXT or len(filing.reporter) > MAX_REPORTER:
        message = f"A comment has up to {MAX_TEXT} characters, a reporter's id up to {MAX_REPORTER}."
        raise ReportRejected(message)
    too_long = any(len(one) > MAX_EVIDENCE_LENGTH for one in filing.evidence)
    if len(filing.evidence) > MAX_EVIDENCE or too_long:
        message = f"There are up to {MAX_EVIDENCE} pieces of evidence, each of up to {MAX_EVIDENCE_LENGTH} characters."
        raise ReportRejected(message)
    if filing.at_s is not None and not (math.isfinite(filing.at_s) and filing.at_s >= 0):
        message = "at_s is a number of seconds from the beginning."
        raise ReportRejected(message)


def _require_subject(project: Project, filing: Filing) -> None:
    """Raises: ReportRejected where there is no such subject in the project."""
    if filing.subject_type == VIDEO:
        video = Video.objects.filter(pk=filing.subject_id, project=project).first()
        if video is None:
            message = "There is no such video."
            raise ReportRejected(message)
        if filing.at_s is not None and video.duration_s is not None and filing.at_s > video.duration_s:
            message = f"at_s lies behind the end of the video, which is {video.duration_s:g} s long."
            raise ReportRejected(message)
        return
    is_known = {
        PROJECT: filing.subject_id == project.pk,
        CREATOR: 1 <= len(filing.subject_id) <= SUBJECT_LENGTH,
    }.get(filing.subject_type)
    if is_known is None:
        is_key = filing.subject_type == API_KEY
        is_known = is_key and ApiKey.objects.filter(pk=filing.subject_id, project=project).exists()
    if not is_known:
        message = "There is no such subject in this project."
        raise ReportRejected(message)


def _gather(report: Report, by: Reviewer) -> None:
    """Put a new report into the case of its held subject, into a new one, or to what was decided already."""
    of_subject = Case.objects.filter(
        project_id=report.project_id, subject_type=report.subject_type, subject_id=report.subject_id
    )
    found = of_subject.filter(state__in=states.UNDECIDED).first()
    case = locked_case(found.pk) if found is not None else None
    if case is None:
        decided, outcome = _decided_already(report)
        if decided is not None:
            report.case, report.state, report.settled_at = decided, outcome, timezone.now()
    if case is None and report.case is None:
        case = open_case(
            project_id=report.project_id,
            subject_type=report.subject_type,
            subject_id=report.subject_id,
            reason=report.reason,
            by=by,
        )
    report.case = report.case or case
    report.save(force_insert=True)
    leave(
        "report.filed",
        by=by,
        object_type="report",
        object_id=report.pk,
        project_id=report.project_id,
        target=(report.subject_type, report.subject_id),
        reason=report.reason,
        channel=report.channel,
        case_id=report.case_id or "",
    )
    if case is not None:
        case.is_held = case.is_held or _is_held(report)
        rescore(case)
        case.save(update_fields=["is_held"])
        if case.state == states.SNOOZED:
            move_case(case, states.OPEN)
    publish(ReportFiled(report.pk))
    log.info("report_filed", report_id=report.pk, case_id=report.case_id, reason=report.reason)


def _is_held(report: Report) -> bool:
    return (
        report.subject_type == VIDEO
        and Video.objects.filter(pk=report.subject_id).exclude(restriction="none").exists()
    )


def _decided_already(report: Report) -> tuple[Case | None, str]:
    """Return the closed case that has answered this very report, and how; None: it is news.

    A crowd that repeats what was rejected opens nothing. What is severe is looked at again all the same, unless viewers
    alone repeat it, and so is a file that came since: nobody has seen it.
    """
    target = {
        "project_id": report.project_id,
        "subject_type": report.subject_type,
        "subject_id": report.subject_id,
    }
    decided = Case.objects.filter(**target, state__in=states.DECIDED).order_by("-closed_at")
    latest = decided.exclude(closed_at=None).first()
    if latest is None or report.reason not in latest.reasons or report.match_id:
        return None, ""
    if _has_come_since(report, latest.closed_at):
        return None, ""
    active = active_of(
        project_id=report.project_id, target_type=report.subject_type, target_id=report.subject_id
    )
    if active.filter(kind__in=(Kind.BLOCK, Kind.SUSPEND), is_consumers=False).exists():
        return latest, states.UPHELD  # nobody can watch it any more
    is_lately = latest.closed_at is not None and latest.closed_at > timezone.now() - BRAKE
    last = latest.decisions.order_by("-created_at").first()
    was_let_be = last is not None and last.kind == Kind.NO_ACTION
    # Of viewers, who can be somebody new as often as they like, that would be a way to have no case ever closed.
    is_news = REASONS[report.reason].severity >= SEVERE and report.channel != PUBLIC_FORM
    if is_lately and was_let_be and not is_news:
        return latest, states.REJECTED
    return None, ""


def _has_come_since(report: Report, closed_at: datetime | None) -> bool:
    """Tell whether a video has another file than when its case was decided."""
    if report.subject_type != VIDEO:
        return False
    return Video.objects.filter(pk=report.subject_id, uploaded_at__gt=closed_at).exists()
