"""Reads of moderation: the queue in its order, one case with all that belongs to it, a video's whole history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from gilfoyle.lib.ids import is_id
from videos.access.models import Project
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import states
from videos.moderation.errors import AppealNotFound, DecisionNotFound, ReportNotFound
from videos.moderation.models import (
    Appeal,
    Case,
    CaseNote,
    Decision,
    Report,
    Restriction,
)
from videos.moderation.policy import VIDEO, Power, Reviewer
from videos.moderation.sealed import open_text

QUEUE_ORDER = ("-priority", "due_at", "id")
# What consumers are told of the audit. What reviewers do among themselves is no business of theirs.
_TOLD = ("report.", "restriction.", "appeal.", "purge.")
_TOLD_OF_CASES = ("case.opened", "case.decided")
_TOLD_DATA = ("kind", "reason", "decision_id", "case_id", "appeal_id", "channel", "outcome", "state")


def list_queue(*, by: Reviewer) -> QuerySet[Case]:
    """Return what waits and what somebody may look at, most urgent first."""
    waiting = Case.objects.filter(state__in=states.QUEUED).select_related("project", "assignee")
    if Power.SEE_EXTREME not in by.powers:
        waiting = waiting.exclude(is_extreme=True)
    return waiting.order_by(*QUEUE_ORDER)


def next_case(*, by: Reviewer, besides: str = "") -> Case | None:
    """Return the most urgent case that nobody looks at and that somebody may decide; not the one just left."""
    now = timezone.now()
    free = Q(state__in=(states.OPEN, states.ESCALATED))
    free |= Q(state__in=(states.CLAIMED,), claim_expires_at__lte=now)
    if Power.DECIDE_APPEAL in by.powers:
        free |= Q(state=states.APPEALED) & ~Q(appeals__decided_by=by.actor)
    found = list_queue(by=by).filter(free).exclude(pk=besides)
    if Power.DECIDE_SEVERE not in by.powers:
        found = found.exclude(is_escalated=True)
    return found.first()


def text_of_report(report: Report) -> dict[str, Any]:
    """Return what a report says: comment and evidence, empty where it was erased."""
    found = open_text(report.sealed_text, owner=report.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return found or {"comment": "", "evidence": []}


def text_of_note(note: CaseNote) -> str:
    """Return what a note says."""
    text = open_text(note.sealed_text, owner=note.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return text or ""


def text_of_appeal(appeal: Appeal) -> str:
    """Return why somebody does not agree."""
    text = open_text(appeal.sealed_text, owner=appeal.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
    return text or ""


def list_reports(*, project: Project) -> QuerySet[Report]:
    """Return a project's reports, newest first."""
    return Report.objects.filter(project=project).select_related("case")


def get_report(*, project: Project, report_id: str) -> Report:
    """Raises: ReportNotFound, also for another project's id."""
    found = list_reports(project=project).filter(pk=report_id).first() if is_id(report_id) else None
    if found is None:
        message = "There is no such report."
        raise ReportNotFound(message)
    return found


def list_decisions(*, project: Project) -> QuerySet[Decision]:
    """Return what was decided about a project's things, newest first."""
    decisions = Decision.objects.filter(project=project).select_related("case")
    return decisions.prefetch_related("restrictions", "superseded_by", "case__reports")


def get_decision(*, project: Project, decision_id: str) -> Decision:
    """Raises: DecisionNotFound, also for another project's id."""
    found = list_decisions(project=project).filter(pk=decision_id).first() if is_id(decision_id) else None
    if found is None:
        message = "There is no such decision."
        raise DecisionNotFound(message)
    return found


def get_appeal(*, project: Project, appeal_id: str) -> Appeal:
    """Raises: AppealNotFound, also for another project's id."""
    appeals = Appeal.objects.filter(project=project)
    found = appeals.filter(pk=appeal_id).first() if is_id(appeal_id) else None
    if found is None:
        message = "There is no such appeal."
        raise AppealNotFound(message)
    return found


def active_restrictions(*, project_id: str, target_type: str, target_id: str) -> list[Restriction]:
    """Return what restricts a target now, the oldest first."""
    found = Restriction.objects.filter(
        project_id=project_id, target_type=target_type, target_id=target_id, ended_at=None
    )
    return list(found.select_related("decision").order_by("starts_at", "id"))


def is_told() -> Q:
    """Return which entries of the audit a consumer is told, of those about its own."""
    told = Q(verb__in=_TOLD_OF_CASES)
    for prefix in _TOLD:
        told |= Q(verb__startswith=prefix)
    return told


def is_told_verb(verb: str) -> bool:
    """Tell the same of one entry."""
    return verb.startswith(_TOLD) or verb in _TOLD_OF_CASES


def told_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an entry's data a consumer is told."""
    return {name: data[name] for name in _TOLD_DATA if name in data}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a video. `verb` as in the audit; `by`: the kind of who did it."""

    at: datetime
    verb: str
    by: str
    object_id: str
    data: dict[str, Any]


def video_history(*, video: Video, limit: int = 500) -> list[Happening]:
    """Return all that moderation did about a video, the latest first: from the audit, which nobody can change."""
    of_video = {"project_id": video.project_id, "subject_type": VIDEO, "subject_id": video.pk}
    cases = list(Case.objects.filter(**of_video).values_list("pk", flat=True))
    reports = list(Report.objects.filter(**of_video).values_list("pk", flat=True))
    of_target = {"project_id": video.project_id, "target_type": VIDEO, "target_id": video.pk}
    restrictions = list(Restriction.objects.filter(**of_target).values_list("pk", flat=True))
    decisions = list(Decision.objects.filter(**of_target).values_list("pk", flat=True))
    named = Q(object_type="case", object_id__in=cases) | Q(object_type="report", object_id__in=reports)
    named |= Q(object_type="restriction", object_id__in=restrictions)
    named |= Q(object_type="decision", object_id__in=decisions)
    named |= Q(object_type="video", object_id=video.pk)
    entries = AuditEntry.objects.filter(named, project_id=video.project_id).order_by("-at", "-pk")
    return [
        Happening(entry.at, entry.verb, entry.actor_kind, entry.object_id, dict(entry.data))
        for entry in entries[:limit]
    ]
