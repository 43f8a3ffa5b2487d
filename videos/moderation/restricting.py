"""Restrictions: what a decision sets up, and what all that are active come to. Each change bites in its transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.access.freezes import set_upload_freeze
from videos.access.models import Project
from videos.access.services import resume_project, suspend_project
from videos.catalog.models import Video
from videos.catalog.restrictions import apply_restriction, set_legal_hold
from videos.catalog.terms import strictest
from videos.errors import VideoNotFound
from videos.events import CaseDecided, RestrictionChanged
from videos.moderation.errors import RestrictionNotYours
from videos.moderation.locking import hold_subject
from videos.moderation.models import CONSUMER_API, MAX_EXPLANATION, Case, Decision, Restriction
from videos.moderation.policy import KIND_OF_LEVEL, VIDEO, Kind, Reviewer, terms_of
from videos.moderation.reasons import REASONS, SEVERE
from videos.moderation.states import UNDECIDED
from videos.moderation.trail import leave

EXPIRED_AT_ONCE = 100


def active_of(*, project_id: str, target_type: str, target_id: str) -> QuerySet[Restriction]:
    """Return the restrictions of a target that count now."""
    return Restriction.objects.filter(
        project_id=project_id, target_type=target_type, target_id=target_id, ended_at=None
    )


def begin_restriction(decision: Decision, *, by: Reviewer, is_consumers: bool = False) -> Restriction:
    """Set up what a decision does, and let it bite. A video that it is about is held.

    Raises: VideoNotFound.
    """
    _hold_owner(decision)
    parameters: dict[str, Any] = dict(decision.parameters)
    if decision.kind == Kind.SUSPEND:
        # What was suspended before stays so when this ends.
        parameters["was_suspended"] = (
            Project.objects.exclude(suspended_at=None).filter(pk=decision.project_id).exists()
            and not active_of_kind(decision).exists()
        )
    restriction = Restriction.objects.create(
        project_id=decision.project_id,
        decision=decision,
        target_type=decision.target_type,
        target_id=decision.target_id,
        kind=decision.kind,
        parameters=parameters,
        is_consumers=is_consumers,
        starts_at=decision.created_at,
        ends_at=decision.ends_at,
    )
    _leave("restriction.began", restriction, by=by)
    _bite(restriction)
    return restriction


def active_of_kind(decision: Decision) -> QuerySet[Restriction]:
    """Return the active restrictions that do to the same target what a decision does."""
    return active_of(
        project_id=decision.project_id, target_type=decision.target_type, target_id=decision.target_id
    ).filter(kind=decision.kind)


def end_restrictions(
    restrictions: Iterable[Restriction], *, by: Reviewer, lifted_by: Decision | None = None
) -> int:
    """End active restrictions; what others still demand goes on. Videos of theirs are held. Returns how many."""
    ended = 0
    for one in restrictions:
        _hold_owner(one)
        one.ended_at, one.lifted_by = timezone.now(), lifted_by
        if not Restriction.objects.filter(pk=one.pk, ended_at=None).update(
            ended_at=one.ended_at, lifted_by=lifted_by
        ):
            continue
        _leave("restriction.ended", one, by=by)
        _bite(one)
        ended += 1
    return ended


def _hold_owner(of: Decision | Restriction) -> None:
    """Hold the project in which something other than a video is restricted.

    So none ends a freeze while another decision, not written yet, begins the same: it would find the row, and lose it.
    """
    if of.target_type != VIDEO:
        hold_subject(project_id=of.project_id, subject_type=of.target_type, subject_id=of.target_id)


def _leave(verb: str, restriction: Restriction, *, by: Reviewer) -> None:
    leave(
        verb,
        by=by,
        object_type="restriction",
        object_id=restriction.pk,
        project_id=restriction.project_id,
        target=(restriction.target_type, restriction.target_id),
        kind=str(restriction.kind),
        decision_id=restriction.decision_id,
    )
    publish(RestrictionChanged(restriction.pk))


def _bite(restriction: Restriction) -> None:
    """Bring what the restriction is about to what all active ones come to."""
    target = {
        "project_id": restriction.project_id,
        "target_type": restriction.target_type,
        "target_id": restriction.target_id,
    }
    kinds = {one.kind: one for one in active_of(**target)}
    if restriction.kind == Kind.FREEZE_UPLOADS:
        set_upload_freeze(**target, is_frozen=Kind.FREEZE_UPLOADS in kinds)
    elif restriction.kind == Kind.SUSPEND:
        _suspend(restriction, is_suspended=Kind.SUSPEND in kinds)
    else:
        _bite_video(restriction)


def _suspend(restriction: Restriction, *, is_suspended: bool) -> None:
    project = Project.objects.get(pk=restriction.project_id)
    if is_suspended:
        suspend_project(project=project)
    elif not restriction.parameters.get("was_suspended"):
        resume_project(project=project)


def _bite_video(restriction: Restriction) -> None:
    """Apply what holds of a video, which may be gone by the time that a restriction ends."""
    active = list(
        active_of(project_id=restriction.project_id, target_type=VIDEO, target_id=restriction.target_id)
    )
    terms = strictest(terms_of(one.kind, one.parameters) for one in active)
    is_held = any(one.kind == Kind.LEGAL_HOLD for one in active)
    try:
        apply_restriction(video_id=restriction.target_id, terms=terms)
        set_legal_hold(video_id=restriction.target_id, is_held=is_held)
    except VideoNotFound:
        if restriction.ended_at is None:
            raise
    open_cases = Case.objects.filter(
        project_id=restriction.project_id,
        subject_type=VIDEO,
        subject_id=restriction.target_id,
        state__in=UNDECIDED,
    )
    open_cases.update(is_held=terms.level != "none")


@atomic
def restrict_own(
    *, video: Video, level: str, reason: str, note: str, by: Reviewer, ends_at: datetime | None = None
) -> Decision:
    """Let a consumer restrict its own video at once; what it said before about it ends with that.

    Raises: InvalidInput, VideoNotFound.
    """
    if level not in KIND_OF_LEVEL or reason not in REASONS or len(note) > MAX_EXPLANATION:
        message = "A restriction has a level, a reason and, if you like, a note."
        raise InvalidInput(message, hint=f"Levels are {', '.join(KIND_OF_LEVEL)}.")
    hold_subject(project_id=video.project_id, subject_type=VIDEO, subject_id=video.pk)
    own = active_of(project_id=video.project_id, target_type=VIDEO, target_id=video.pk).filter(
        is_consumers=True
    )
    before = own.select_related("decision").first()
    decision = _own_decision(video, KIND_OF_LEVEL[level], by, reason, note, before, ends_at)
    # Within one transaction, so that nobody sees the moment between.
    end_restrictions([before] if before is not None else [], by=by, lifted_by=decision)
    begin_restriction(decision, by=by, is_consumers=True)
    return decision


def _own_decision(
    video: Video,
    kind: Kind,
    by: Reviewer,
    reason: str,
    note: str,
    before: Restriction | None,
    ends_at: datetime | None = None,
) -> Decision:
    decision = Decision.objects.create(
        project_id=video.project_id,
        kind=kind,
        target_type=VIDEO,
        target_id=video.pk,
        reason=reason,
        explanation=note,
        channel=CONSUMER_API,
        decided_by=by.actor,
        supersedes=before.decision if before is not None else None,
        content_date=video.created_at.date(),
        ends_at=ends_at,
    )
    leave(
        "restriction.decided",
        by=by,
        object_type="decision",
        object_id=decision.pk,
        project_id=video.project_id,
        target=(VIDEO, video.pk),
        kind=str(kind),
        reason=reason,
    )
    publish(CaseDecided(decision.pk))
    return decision


@atomic
def lift_own(*, video: Video, note: str, by: Reviewer) -> Decision | None:
    """Let a consumer lift what it set itself; None where nothing is restricted.

    Raises: RestrictionNotYours where only others' restrictions are there.
    """
    hold_subject(project_id=video.project_id, subject_type=VIDEO, subject_id=video.pk)
    active = active_of(project_id=video.project_id, target_type=VIDEO, target_id=video.pk)
    own = active.filter(is_consumers=True).select_related("decision").first()
    if own is None:
        if active.exclude(kind=Kind.LEGAL_HOLD).exists():
            message = "The operator of this server restricted this video; you can't lift that."
            raise RestrictionNotYours(message, hint="Appeal against the decision: POST /appeals.")
        return None
    decision = _own_decision(video, Kind.LIFT, by, own.decision.reason, note, own)
    end_restrictions([own], by=by, lifted_by=decision)
    return decision


def expire_restrictions(*, by: Reviewer, now: datetime | None = None) -> int:
    """End the restrictions whose time is over; returns how many."""
    now = now or timezone.now()
    due = Restriction.objects.filter(ended_at=None, ends_at__lte=now).order_by("ends_at")
    return sum(_expire(one, by, now) for one in list(due[:EXPIRED_AT_ONCE]))


@atomic
def _expire(restriction: Restriction, by: Reviewer, now: datetime) -> int:
    hold_subject(
        project_id=restriction.project_id,
        subject_type=restriction.target_type,
        subject_id=restriction.target_id,
    )
    present = Restriction.objects.filter(pk=restriction.pk, ended_at=None, ends_at__lte=now)
    overdue = [one for one in present.select_related("decision__case") if _is_overdue(one)]
    for one in overdue:
        _keep_held(one, by, now)
    return end_restrictions([one for one in present if one.ends_at is not None], by=by)


def _is_overdue(restriction: Restriction) -> bool:
    """Tell whether a hold may not lapse: nobody has looked at what is severe."""
    case = restriction.decision.case
    return (
        restriction.kind == Kind.HOLD
        and case is not None
        and case.state in UNDECIDED
        and max(case.severity, REASONS[restriction.decision.reason].severity) >= SEVERE
    )


def _keep_held(restriction: Restriction, by: Reviewer, now: datetime) -> None:
    """Let a hold go on until somebody decides, who should have by now."""
    Restriction.objects.filter(pk=restriction.pk).update(ends_at=None)
    Case.objects.filter(pk=restriction.decision.case_id, due_at__gt=now).update(due_at=now)
    _leave("restriction.kept", restriction, by=by)
