"""Two cases that are one matter, such as the same film sent twice: one of them goes on as part of the other."""

from __future__ import annotations

from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.moderation import states
from videos.moderation.cases import move_case, powers_for, require_nobody_else, rescore
from videos.moderation.errors import CasesDiffer
from videos.moderation.locking import locked_cases
from videos.moderation.models import Case, CaseNote, Report, Restriction
from videos.moderation.policy import Kind, Power, Reviewer, require_powers
from videos.moderation.trail import leave_of_case


@atomic
def merge_cases(*, case_id: str, into_id: str, by: Reviewer) -> Case:
    """Let a case go on as part of another of its project; its reports and notes go with it.

    Who merges may look at both. What was escalated stays so, and nothing sleeps on in a case that was set aside.

    Not one that holds its video, nor one of which an appeal waits: what is decided of the other subject answers neither,
    and lifting a hold by it would set free what nobody has looked at.

    Raises: CaseNotFound, CaseTaken, CasesDiffer, PowerMissing, InvalidTransition.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    if case_id == into_id:
        message = "A case can't be merged into itself."
        raise CasesDiffer(message)
    found = locked_cases(case_id, into_id)
    case, into = found[case_id], found[into_id]
    if case.project_id != into.project_id:
        message = "Cases of two projects can't be merged."
        raise CasesDiffer(message)
    if into.state not in states.DECIDABLE:
        message = f"A case that is {into.state.replace('_', ' ')} takes no other."
        raise CasesDiffer(message)
    for one in (case, into):
        require_powers(by, powers_for(one))
        require_nobody_else(one, by)
    _require_nothing_left(case)
    case.merged_into, case.closed_at = into, timezone.now()
    move_case(case, states.MERGED, "merged_into", "closed_at")
    Report.objects.filter(case=case).update(case=into)
    CaseNote.objects.filter(case=case).update(case=into)
    into.reasons = list(dict.fromkeys([*into.reasons, *case.reasons]))
    into.is_escalated = into.is_escalated or case.is_escalated
    into.unkept_reports += case.unkept_reports
    into.due_at = min(into.due_at, case.due_at)
    into.save(update_fields=["is_escalated", "unkept_reports"])
    rescore(into)
    if into.state in {states.OPEN, states.SNOOZED}:  # as another report would, this wakes it
        wanted = states.ESCALATED if into.is_escalated else states.OPEN
        if into.state != wanted:
            move_case(into, wanted)
    leave_of_case("case.merged", case, by=by, into=into.pk)
    return into


def _require_nothing_left(case: Case) -> None:
    """Raises: CasesDiffer where only a decision about this very case ends what it has begun."""
    if Restriction.objects.filter(decision__case=case, kind=Kind.HOLD, ended_at=None).exists():
        message = "This case holds its video, and a decision about another one would not lift that."
        raise CasesDiffer(message, hint="Decide it, or take the hold back first.")
    if case.appeals.filter(state=states.APPEAL_OPEN).exists():
        message = "An appeal of this case waits for an answer."
        raise CasesDiffer(message, hint="Answer it first.")
