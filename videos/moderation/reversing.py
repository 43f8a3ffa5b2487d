"""Decisions taken back, and what takes two people: liftings for severe reasons, legal holds, purges."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import structlog
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.states import require_transition
from gilfoyle.lib.transactions import atomic
from videos.catalog.models import ImageSet, Rendition, Video
from videos.catalog.services import delete_video
from videos.errors import VideoHeldLegally
from videos.moderation import states
from videos.moderation.cases import move_case, rescore
from videos.moderation.deciding import Verdict, judge_matches, leave_of_decision, write_decision
from videos.moderation.errors import (
    DecisionNotFound,
    DecisionNotReversible,
    RequestNotFound,
    SecondPersonNeeded,
)
from videos.moderation.locking import hold_subject, locked_case
from videos.moderation.models import (
    MAX_EXPLANATION,
    Case,
    Decision,
    FourEyes,
    LiftRequest,
    PurgeRequest,
    Report,
    Restriction,
)
from videos.moderation.policy import KINDS, Kind, Power, Reviewer, power_for, require_powers
from videos.moderation.reasons import REASONS, severest
from videos.moderation.restricting import end_restrictions
from videos.moderation.striking import cancel_strikes
from videos.moderation.trail import leave_of_case

log = structlog.get_logger(__name__)
RequestT = TypeVar("RequestT", bound=FourEyes)
PURGED_AT_ONCE = 20


@atomic
def reverse(*, decision_id: str, explanation: str, by: Reviewer) -> Decision | LiftRequest:
    """Take a decision back: what it restricts ends, what others restrict goes on.

    Of a legal hold, and for reasons that need a second person, it is a request that another person must approve.

    Raises: DecisionNotFound, DecisionNotReversible, PowerMissing, InvalidInput.
    """
    made = reverse_but_strikes(decision_id=decision_id, explanation=explanation, by=by)
    if isinstance(made, Decision):
        cancel_strikes_of(made, by=by)
    return made


def reverse_but_strikes(*, decision_id: str, explanation: str, by: Reviewer) -> Decision | LiftRequest:
    """Do the same, and leave the strikes to a caller that has more to take back, and cancels all of them last.

    Call inside a transaction. Raises: DecisionNotFound, DecisionNotReversible, PowerMissing, InvalidInput.
    """
    if len(explanation) > MAX_EXPLANATION:
        message = f"An explanation has up to {MAX_EXPLANATION} characters."
        raise InvalidInput(message)
    decision, case = _locked_decision(decision_id)
    kind, reason = Kind(decision.kind), REASONS[decision.reason]
    if kind == Kind.PURGE:
        message = "A purge is stopped by refusing its request, and can't be taken back once it is done."
        raise DecisionNotReversible(message)
    # What a hold was for may be the mildest of what its case has come to be about.
    known = case.reasons if case.state in states.UNDECIDED else []
    worst = severest([reason.code, *known])
    require_powers(by, power_for(Kind.LIFT, reason=worst) | {KINDS[kind].power})
    if not Restriction.objects.filter(decision=decision, ended_at=None).exists():
        message = "This decision restricts nothing (any more)."
        raise DecisionNotReversible(message)
    if kind == Kind.LEGAL_HOLD or (reason.needs_second and kind != Kind.HOLD):
        return request_lift(decision, case, explanation, by)
    return lift(decision, case, explanation=explanation, by=by)


def _locked_decision(decision_id: str) -> tuple[Decision, Case]:
    """Raises: DecisionNotFound; DecisionNotReversible for a consumer's own, which has no case."""
    decision = Decision.objects.filter(pk=decision_id).first()
    if decision is None:
        message = "There is no such decision."
        raise DecisionNotFound(message)
    if decision.case_id is None:
        message = "A consumer restricted its own video; it can lift that itself."
        raise DecisionNotReversible(message)
    case = locked_case(decision.case_id)
    hold_subject(
        project_id=decision.project_id, subject_type=decision.target_type, subject_id=decision.target_id
    )
    return decision, case


def request_lift(decision: Decision, case: Case, explanation: str, by: Reviewer) -> LiftRequest:
    """Ask another person to agree to a lifting. Case and target are held.

    Raises: DecisionNotReversible.
    """
    if LiftRequest.objects.filter(decision=decision, state=states.REQUESTED).exists():
        message = "It is asked for already that this is lifted."
        raise DecisionNotReversible(message, hint="Another person has to approve it.")
    request = LiftRequest.objects.create(
        project_id=decision.project_id,
        case=case,
        decision=decision,
        requested_by=by.actor,
        explanation=explanation,
    )
    leave_of_case("lift.requested", case, by=by, request_id=request.pk, decision_id=decision.pk)
    return request


def lift(decision: Decision, case: Case, *, explanation: str, by: Reviewer) -> Decision:
    """End what a decision restricts, by a decision of its own. Case and target are held.

    The strikes that it gave are the caller's to cancel, when nothing else is left to lock: they take the project.
    """
    verdict = Verdict(
        Kind.LIFT,
        decision.reason,
        explanation=explanation,
        target=(decision.target_type, decision.target_id),
    )
    lifting = write_decision(case, verdict, by=by, supersedes=decision)
    active = Restriction.objects.filter(decision=decision, ended_at=None)
    end_restrictions(list(active), by=by, lifted_by=lifting)
    is_all = not Restriction.objects.filter(decision__case=case, ended_at=None).exists()
    if is_all and KINDS[Kind(decision.kind)].closes:  # a hold that ends says nothing of what it was for
        upheld = Report.objects.filter(case=case, state=states.UPHELD)
        judge_matches(upheld, is_true=False, by=by)
    case.refresh_from_db(fields=["is_held"])
    leave_of_decision(lifting, case, by=by)
    return lifting


def cancel_strikes_of(lifting: Decision, *, by: Reviewer) -> None:
    """Take back the strikes of the decision that was lifted."""
    if lifting.supersedes is not None:
        cancel_strikes(lifting.supersedes, by=by, cancelled_by=lifting)


@atomic
def approve_lift(*, request_id: str, by: Reviewer) -> Decision:
    """Agree, as another person, that a restriction is lifted.

    Raises: RequestNotFound, SecondPersonNeeded, PowerMissing, InvalidTransition.
    """
    request = _locked_request(LiftRequest, request_id)
    decision, case = _locked_decision(request.decision_id)
    _answer(request, by, states.APPROVED)
    leave_of_case("lift.approved", case, by=by, request_id=request.pk, decision_id=decision.pk)
    lifting = lift(decision, case, explanation=request.explanation, by=by)
    request.state = states.DONE
    request.save(update_fields=["state"])
    cancel_strikes_of(lifting, by=by)
    return lifting


@atomic
def refuse_lift(*, request_id: str, by: Reviewer) -> LiftRequest:
    """Let a restriction stand that somebody wanted lifted; who asked for it may take that back.

    Raises: RequestNotFound, PowerMissing, InvalidTransition.
    """
    request = _locked_request(LiftRequest, request_id)
    _refuse(request, by)
    leave_of_case("lift.refused", request.case, by=by, request_id=request.pk)
    return request


def _locked_request(model: type[RequestT], request_id: str) -> RequestT:
    """Lock a request after its case. Raises: RequestNotFound."""
    rows: Any = model._default_manager  # noqa: SLF001 - of an abstract model's children
    found = rows.filter(pk=request_id).first()
    if found is not None:
        locked_case(found.case_id)
        locked: RequestT = rows.select_for_update(of=("self",)).select_related("case").get(pk=request_id)
        return locked
    message = "There is no such request."
    raise RequestNotFound(message)


def _answer(request: FourEyes, by: Reviewer, wanted: str) -> None:
    """Raises: SecondPersonNeeded, PowerMissing, InvalidTransition."""
    require_powers(by, frozenset({Power.APPROVE}))
    if by.actor == request.requested_by or not by.is_person:
        message = "Who asked for this can't be the one who agrees."
        raise SecondPersonNeeded(message, hint="It takes two people, whatever they may do otherwise.")
    require_transition(states.REQUEST_TRANSITIONS, request.state, wanted, subject="request")
    request.state, request.approved_by, request.answered_at = wanted, by.actor, timezone.now()
    request.save(update_fields=["state", "approved_by", "answered_at"])


def _refuse(request: FourEyes, by: Reviewer) -> None:
    """Raises: PowerMissing, InvalidTransition."""
    if by.actor != request.requested_by:
        require_powers(by, frozenset({Power.APPROVE}))
    require_transition(states.REQUEST_TRANSITIONS, request.state, states.REFUSED, subject="request")
    request.state, request.refused_by, request.answered_at = states.REFUSED, by.actor, timezone.now()
    request.save(update_fields=["state", "refused_by", "answered_at"])


@atomic
def approve_purge(*, request_id: str, by: Reviewer) -> PurgeRequest:
    """Agree, as another person, that a video is destroyed. It is, once the time is over in which it can be refused.

    Raises: RequestNotFound, SecondPersonNeeded, PowerMissing, InvalidTransition, VideoHeldLegally.
    """
    request = _locked_request(PurgeRequest, request_id)
    require_purgeable(request.video_id)
    _answer(request, by, states.APPROVED)
    case = request.case
    leave_of_case(
        "purge.approved", case, by=by, request_id=request.pk, not_before=request.not_before.isoformat()
    )
    case.closed_at = timezone.now()
    if case.state == states.AWAITING_SECOND:
        move_case(case, states.CLOSED, "closed_at")
    if request.not_before <= timezone.now():
        _destroy(request, by)
    return request


def require_purgeable(video_id: str) -> None:
    """Raises: VideoHeldLegally."""
    if Video.objects.filter(pk=video_id, legal_hold=True).exists():
        message = "This video is under a legal hold: nothing of it may be destroyed."
        raise VideoHeldLegally(message, hint="Lift the hold first; that takes two people, too.")


@atomic
def refuse_purge(*, request_id: str, by: Reviewer) -> PurgeRequest:
    """Let a video be that somebody wanted destroyed, also after it was approved; the case is open again.

    Raises: RequestNotFound, PowerMissing, InvalidTransition.
    """
    request = _locked_request(PurgeRequest, request_id)
    if request.receipt:
        message = "This video is destroyed already."
        raise DecisionNotReversible(message)
    _refuse(request, by)
    case = request.case
    leave_of_case("purge.refused", case, by=by, request_id=request.pk)
    active = Restriction.objects.filter(decision=request.decision, ended_at=None)
    if case.state == states.AWAITING_SECOND:
        end_restrictions(list(active), by=by)
        cancel_strikes(request.decision, by=by)
        move_case(case, states.OPEN)
        case.refresh_from_db(fields=["is_held"])
        rescore(case)
    # Of a closed case the video stays blocked: two people had agreed on that.
    return request


def run_purges(*, by: Reviewer, now: datetime | None = None) -> int:
    """Destroy what two people agreed on and nobody refused in time; complete receipts. Returns how many."""
    now = now or timezone.now()
    due = PurgeRequest.objects.filter(state=states.APPROVED, not_before__lte=now).order_by("not_before")
    return sum(_run_purge(pk, by) for pk in list(due.values_list("pk", flat=True)[:PURGED_AT_ONCE]))


@atomic
def _run_purge(request_id: str, by: Reviewer) -> bool:
    request = _locked_request(PurgeRequest, request_id)
    if request.state != states.APPROVED:
        return False
    if not request.receipt:
        return _destroy(request, by)
    if Video.objects.filter(pk=request.video_id).exists():
        return False  # the sweep is still at its files
    request.state, request.done_at = states.DONE, timezone.now()
    request.receipt = {**request.receipt, "files_removed_by": request.done_at.isoformat()}
    request.save(update_fields=["state", "done_at", "receipt"])
    leave_of_case("purge.done", request.case, by=by, request_id=request.pk)
    return True


def _destroy(request: PurgeRequest, by: Reviewer) -> bool:
    """Destroy the keys of a video and mark it for removal; tells of what, in the receipt. Not while it is held."""
    video = Video.objects.filter(pk=request.video_id).first()
    if video is not None and video.legal_hold:
        log.info("purge_waits", request_id=request.pk, video_id=video.pk)
        return False
    request.receipt = {
        "video_id": request.video_id,
        "requested_by": request.requested_by,
        "approved_by": request.approved_by,
        "unplayable_since": request.requested_at.isoformat(),
        "keys_destroyed_at": timezone.now().isoformat(),
        "source_sha256": video.source_sha256 if video is not None else "",
        "bytes": video.stored_bytes if video is not None else 0,
        "renditions": Rendition.objects.filter(video_id=request.video_id).count(),
        "image_sets": ImageSet.objects.filter(video_id=request.video_id).count(),
    }
    if video is not None:
        delete_video(video=video)
    request.save(update_fields=["receipt"])
    leave_of_case("purge.begun", request.case, by=by, request_id=request.pk)
    return True
