"""Cases found by what somebody wants to see of them, in the order of the queue."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from videos.moderation import states
from videos.moderation.errors import CaseNotFound
from videos.moderation.models import Case
from videos.moderation.policy import SUBJECT_TYPES, Power, Reviewer
from videos.moderation.selectors import QUEUE_ORDER


@dataclass(frozen=True, slots=True)
class CaseWish:
    """Which cases somebody wants to see; empty: any. `states` empty: what waits. `subject`: an id, or type:id."""

    states: tuple[str, ...] = ()
    project: str = ""
    reason: str = ""
    subject: str = ""
    is_mine: bool = False
    is_overdue: bool = False


def find_cases(wish: CaseWish, *, by: Reviewer) -> QuerySet[Case]:
    """Return the cases that somebody may look at and wants to see, the most urgent first."""
    found = Case.objects.filter(state__in=wish.states or states.QUEUED).select_related("project", "assignee")
    if Power.SEE_EXTREME not in by.powers:
        found = found.exclude(is_extreme=True)
    if wish.project:
        found = found.filter(Q(project_id=wish.project) | Q(project__name=wish.project))
    if wish.subject:
        kind, separator, subject_id = wish.subject.partition(":")
        is_typed = bool(separator) and kind in SUBJECT_TYPES
        found = found.filter(subject_id=subject_id if is_typed else wish.subject)
        found = found.filter(subject_type=kind) if is_typed else found
    if wish.is_mine:
        found = found.filter(claimed_by=by.actor)
    if wish.is_overdue:
        found = found.filter(first_action_at=None, due_at__lte=timezone.now())
    if wish.reason:
        # SQLite can't look into a list of JSON.
        having = [pk for pk, reasons in found.values_list("pk", "reasons") if wish.reason in reasons]
        found = found.filter(pk__in=having)
    return found.order_by(*QUEUE_ORDER)


def get_case(*, case_id: str, by: Reviewer) -> Case:
    """Raises: CaseNotFound, also for one that somebody may not look at."""
    found = (
        Case.objects.select_related("project", "assignee", "merged_into")
        .filter(pk=case_id.replace("\0", ""))
        .first()
    )
    if found is None or (found.is_extreme and Power.SEE_EXTREME not in by.powers):
        message = "There is no such case."
        raise CaseNotFound(message)
    return found
