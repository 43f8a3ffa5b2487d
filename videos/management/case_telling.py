"""Cases in words and as JSON, for the command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from videos.management.telling import in_words
from videos.moderation.models import Case, CaseNote, Decision, Report
from videos.moderation.selectors import active_restrictions, text_of_note, text_of_report

NEWEST_REPORTS = 50


def case_as_json(case: Case) -> dict[str, Any]:
    """Return what a list tells of a case."""
    return {
        "id": case.pk,
        "project_id": case.project_id,
        "subject_type": case.subject_type,
        "subject_id": case.subject_id,
        "state": case.state,
        "reasons": case.reasons,
        "priority": case.priority,
        "score_parts": case.score_parts,
        "report_count": case.report_count,
        "distinct_reporters": case.distinct_reporters,
        "unkept_reports": case.unkept_reports,
        "is_held": case.is_held,
        "is_escalated": case.is_escalated,
        "claimed_by": case.claimed_by or None,
        "opened_at": in_words(case.opened_at),
        "due_at": in_words(case.due_at),
        "closed_at": in_words(case.closed_at) or None,
        "version": case.version,
    }


def whole_case_as_json(case: Case) -> dict[str, Any]:
    """Return a case with its reports, decisions, notes, and what restricts its subject now."""
    active = active_restrictions(
        project_id=case.project_id, target_type=case.subject_type, target_id=case.subject_id
    )
    reports = case.reports.order_by("-created_at", "-id")[:NEWEST_REPORTS]
    return case_as_json(case) | {
        "merged_into": case.merged_into_id,
        "reports": [_report_as_json(one) for one in reports],
        "decisions": [_decision_as_json(one) for one in case.decisions.order_by("created_at", "id")],
        "notes": [_note_as_json(one) for one in case.notes.all()],
        "restrictions": [
            {"kind": one.kind, "decision_id": one.decision_id, "ends_at": in_words(one.ends_at) or None}
            for one in active
        ],
    }


def _report_as_json(report: Report) -> dict[str, Any]:
    said = text_of_report(report)
    return {
        "id": report.pk,
        "reason": report.reason,
        "state": report.state,
        "channel": report.channel,
        "at_s": report.at_s,
        "comment": said["comment"],
        "evidence": said["evidence"],
        "match_id": report.match_id or None,
        "created_at": in_words(report.created_at),
    }


def _decision_as_json(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "kind": decision.kind,
        "target_type": decision.target_type,
        "target_id": decision.target_id,
        "reason": decision.reason,
        "explanation": decision.explanation,
        "decided_by": decision.decided_by,
        "supersedes": decision.supersedes_id,
        "ends_at": in_words(decision.ends_at) or None,
        "created_at": in_words(decision.created_at),
    }


def _note_as_json(note: CaseNote) -> dict[str, Any]:
    return {
        "id": note.pk,
        "written_by": note.written_by,
        "text": text_of_note(note),
        "created_at": in_words(note.created_at),
    }


def cases_in_words(cases: Iterable[Case]) -> str:
    """Return cases as a table."""
    rows = [("CASE", "STATE", "PRIORITY", "DUE", "REPORTS", "ABOUT", "REASONS")]
    rows += [_row(case) for case in cases]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[6]]).rstrip()
        for row in rows
    )


def _row(case: Case) -> tuple[str, str, str, str, str, str, str]:
    return (
        case.pk,
        case.state,
        str(case.priority),
        _due(case),
        str(case.report_count),
        f"{case.subject_type}:{printable(case.subject_id)}",
        ",".join(case.reasons),
    )


def _due(case: Case) -> str:
    if case.first_action_at is not None or case.closed_at is not None:
        return "-"
    left_min = round((case.due_at - timezone.now()).total_seconds() / 60)
    return f"{left_min} min" if left_min >= 0 else f"over by {-left_min} min"


def case_in_words(told: dict[str, Any]) -> str:
    """Return a whole case, as `whole_case_as_json` tells it, in lines."""
    head = f"{told['id']}  {told['state']}  about {told['subject_type']} {printable(told['subject_id'])}"
    lines = [head, f"  project {told['project_id']}, opened {told['opened_at']}, due {told['due_at']}"]
    parts = ", ".join(f"{name} {part}" for name, part in told["score_parts"].items())
    lines.append(f"  priority {told['priority']}: {parts}" if parts else f"  priority {told['priority']}")
    lines += [f"  restricted: {one['kind']} by {one['decision_id']}" for one in told["restrictions"]]
    for one in told["reports"]:
        at = "" if one["at_s"] is None else f" at {one['at_s']:g} s"
        lines.append(f"  report {one['id']}  {one['state']}  {one['reason']}{at}  by {one['channel']}")
        lines += [f"    {printable(text)}" for text in (one["comment"], *one["evidence"]) if text]
    if told["unkept_reports"]:
        lines.append(f"  and {told['unkept_reports']} more by the public form, counted and not kept")
    for one in told["decisions"]:
        lines.append(f"  decision {one['id']}  {one['kind']}  {one['reason']}  by {one['decided_by']}")
        lines += [f"    {printable(one['explanation'])}"] if one["explanation"] else []
    lines += [f"  note by {one['written_by']}: {printable(one['text'])}" for one in told["notes"]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Return what strangers wrote in one line that can't steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
