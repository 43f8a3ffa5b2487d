"""Appeals: who does not agree with a decision gets another person's look at it, never a machine's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.events import AppealDecided, AppealFiled
from videos.moderation import states
from videos.moderation.cases import move_case, show_appeal
from videos.moderation.deciding import (
    Verdict,
    leave_of_decision,
    require_sayable,
    settle_reports,
    write_decision,
)
from videos.moderation.errors import (
    AppealNotFound,
    AppealNotPossible,
    DecisionNotFound,
    SecondPersonNeeded,
)
from videos.moderation.locking import hold_subject, locked_case
from videos.moderation.models import MAX_EXPLANATION, MAX_TEXT, Appeal, Case, Decision, Restriction
from videos.moderation.policy import (
    KINDS,
    Kind,
    Power,
    Reviewer,
    require_allowed,
    require_powers,
    restricts,
)
from videos.moderation.reasons import REASONS
from videos.moderation.reversing import lift, request_lift
from videos.moderation.sealed import person_of, seal_text
from videos.moderation.striking import cancel_strikes, give_strikes
from videos.moderation.trail import leave_of_case

FOR = timedelta(days=184)  # half a year, as the law has it
ANSWERED_WITHIN = timedelta(days=7)


@atomic
def appeal(*, project: Project, decision_id: str, text: str, appellant: str = "", by: Reviewer) -> Appeal:
    """Ask for another person's look at a decision, once, within half a year.

    Raises: DecisionNotFound, AppealNotPossible, InvalidInput.
    """
    if not 1 <= len(text.strip()) <= MAX_TEXT or len(appellant) > 255:
        message = f"An appeal says why, in 1 to {MAX_TEXT} characters."
        raise InvalidInput(message)
    decision = Decision.objects.filter(pk=decision_id, project=project).first()
    if decision is None:
        message = "There is no such decision."
        raise DecisionNotFound(message)
    if decision.case_id is None or decision.kind == Kind.LIFT:
        message = "Nobody but you decided this; there is nothing to appeal against."
        raise AppealNotPossible(message)
    case = locked_case(decision.case_id)
    now = timezone.now()
    if decision.created_at <= now - FOR:
        message = "This decision is too old for an appeal."
        raise AppealNotPossible(message)
    if Appeal.objects.filter(decision=decision).exists():
        message = "There is an appeal against this decision already."
        raise AppealNotPossible(message)
    root_secret = settings.GILFOYLE_ROOT_SECRET
    made = Appeal(
        project=project,
        decision=decision,
        case=case,
        decided_by=decision.decided_by,
        filed_by=person_of(appellant, project_id=project.pk, root_secret=root_secret),
        due_at=now + ANSWERED_WITHIN,
    )
    made.sealed_text = seal_text(text, owner=made.pk, root_secret=root_secret)
    made.save(force_insert=True)
    show_appeal(case)
    leave_of_case("appeal.filed", case, by=by, appeal_id=made.pk, decision_id=decision.pk)
    publish(AppealFiled(made.pk))
    return made


@atomic
def decide_appeal(
    *, appeal_id: str, outcome: str, answer: str, by: Reviewer, instead: Verdict | None = None
) -> Appeal:
    """Answer an appeal, as another person than who decided. `partly`: `instead` takes the decision's place.

    Where a lifting takes two people, overturning asks for it, and a third one approves.

    Raises: AppealNotFound, SecondPersonNeeded, PowerMissing, InvalidInput, DecisionNotAllowed, AppealNotPossible.
    """
    if outcome not in {states.APPEAL_UPHELD, states.OVERTURNED, states.PARTLY} or not (
        1 <= len(answer.strip()) <= MAX_EXPLANATION
    ):
        message = f"An appeal is upheld, overturned or partly so, with an answer of 1 to {MAX_EXPLANATION} characters."
        raise InvalidInput(message)
    if (instead is not None) != (outcome == states.PARTLY):
        message = "What takes the decision's place is said where it is partly overturned, and only there."
        raise InvalidInput(message)
    found = Appeal.objects.filter(pk=appeal_id).first()
    if found is None:
        message = "There is no such appeal."
        raise AppealNotFound(message)
    case = locked_case(found.case_id)
    made = Appeal.objects.select_for_update().get(pk=appeal_id)
    _require_may_answer(made, by)
    decision = made.decision
    hold_subject(
        project_id=decision.project_id, subject_type=decision.target_type, subject_id=decision.target_id
    )
    made.state, made.answer, made.reviewed_by, made.reviewed_at = outcome, answer, by.actor, timezone.now()
    made.save(update_fields=["state", "answer", "reviewed_by", "reviewed_at"])
    leave_of_case("appeal.decided", case, by=by, appeal_id=made.pk, outcome=outcome)
    if outcome != states.APPEAL_UPHELD:
        _take_back(decision, case, answer, by, instead)
    if case.state in {states.APPEALED, states.APPEAL_CLAIMED}:
        is_reopened = outcome == states.OVERTURNED and decision.kind == Kind.NO_ACTION
        move_case(case, states.OPEN if is_reopened and not _has_open(case) else states.CLOSED)
    publish(AppealDecided(made.pk))
    return made


def _require_may_answer(made: Appeal, by: Reviewer) -> None:
    """Raises: SecondPersonNeeded, PowerMissing, AppealNotPossible."""
    require_powers(by, frozenset({Power.DECIDE_APPEAL}))
    if by.actor == made.decided_by or not by.is_person:
        message = "Another person than who decided answers an appeal."
        raise SecondPersonNeeded(message)
    if made.state != states.APPEAL_OPEN:
        message = "This appeal was answered already."
        raise AppealNotPossible(message)


def _take_back(decision: Decision, case: Case, answer: str, by: Reviewer, instead: Verdict | None) -> None:
    """End what a decision restricts and the strikes it gave, and put `instead` in its place."""
    made, lifting = None, None
    if instead is not None:
        target = (decision.target_type, decision.target_id)
        wanted = replace(instead, target=target)
        reason = require_sayable(wanted)
        require_allowed(wanted.kind, target_type=decision.target_type, reason=reason)
        if wanted.kind == Kind.PURGE or not restricts(wanted.kind):
            message = f"{KINDS[wanted.kind].label} can't take the place of a decision."
            raise InvalidInput(message)
        require_powers(by, frozenset({KINDS[wanted.kind].power}))
        made = write_decision(case, wanted, by=by, supersedes=decision)
        if decision.kind == Kind.NO_ACTION:  # what was reported is so after all
            settle_reports(case, is_upheld=True, by=by)
        leave_of_decision(made, case, by=by)
    if Restriction.objects.filter(decision=decision, ended_at=None).exists():
        kind = Kind(decision.kind)
        if kind == Kind.PURGE:
            message = "A purge is stopped by refusing its request."
            raise AppealNotPossible(message)
        if kind == Kind.LEGAL_HOLD or REASONS[decision.reason].needs_second:
            request_lift(decision, case, answer, by)
        else:
            lifting = lift(decision, case, explanation=answer, by=by)
    cancel_strikes(decision, by=by, cancelled_by=lifting)
    if made is not None:
        give_strikes(made, case, by=by)


def _has_open(case: Case) -> bool:
    return Case.objects.filter(
        project_id=case.project_id,
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        state__in=states.UNDECIDED,
    ).exists()
