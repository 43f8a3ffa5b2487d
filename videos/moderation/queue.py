"""The queue as reviewers look at it: its views, their counts, what comes after a case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from videos.moderation import states
from videos.moderation.models import Appeal, Case, LiftRequest, PurgeRequest
from videos.moderation.policy import Power, Reviewer
from videos.moderation.selectors import list_queue

SOON = timedelta(hours=1)
VIEWS: dict[str, str] = {
    "all": "All that waits",
    "unclaimed": "Unclaimed",
    "mine": "Mine",
    "due": "Due soon",
    "escalated": "Escalated",
    "second": "Awaiting second",
    "appeals": "Appeals",
    "held": "Held",
    "snoozed": "Snoozed",
    "closed": "Closed",
}
_FILTERS: dict[str, Callable[[Reviewer, datetime], Q]] = {
    "all": lambda _by, _now: Q(state__in=states.QUEUED),
    "unclaimed": lambda _by, _now: Q(state__in=(states.OPEN, states.ESCALATED), claimed_by=""),
    "mine": lambda by, _now: Q(claimed_by=by.actor, state__in=states.QUEUED),
    "due": lambda _by, now: Q(state__in=states.QUEUED, first_action_at=None, due_at__lte=now + SOON),
    "escalated": lambda _by, _now: Q(is_escalated=True, state__in=states.QUEUED),
    "second": lambda _by, _now: Q(state=states.AWAITING_SECOND),
    # Also of what isn't decided yet: such as a hold, which can be appealed against before that.
    "appeals": lambda _by, _now: Q(
        Exists(Appeal.objects.filter(case=OuterRef("pk"), state=states.APPEAL_OPEN)), state__in=states.QUEUED
    ),
    "held": lambda _by, _now: Q(is_held=True, state__in=states.QUEUED),
    "snoozed": lambda _by, _now: Q(state=states.SNOOZED),
    "closed": lambda _by, _now: Q(state__in=(states.CLOSED, states.MERGED)),
}


def visible_cases(*, by: Reviewer) -> QuerySet[Case]:
    """Return the cases that somebody may look at, whatever their state."""
    cases = Case.objects.select_related("project", "assignee")
    return cases if Power.SEE_EXTREME in by.powers else cases.exclude(is_extreme=True)


def visible_requests(*, by: Reviewer) -> dict[str, QuerySet[Any]]:
    """Return the purges and liftings that were asked for in cases that somebody may look at, whatever their state."""
    cases = visible_cases(by=by).values("pk")
    return {
        "purge": PurgeRequest.objects.filter(case__in=cases),
        "lift": LiftRequest.objects.filter(case__in=cases),
    }


def filter_view(cases: QuerySet[Case], view: str, *, by: Reviewer) -> QuerySet[Case]:
    """Return what a view of the queue shows; an unknown one: all that waits."""
    return cases.filter(_FILTERS.get(view, _FILTERS["all"])(by, timezone.now()))


def count_views(*, by: Reviewer) -> dict[str, int]:
    """Return how many cases each view of what waits shows to somebody, and how many requests; in three queries."""
    now = timezone.now()
    wanted = {name: Count("pk", filter=_FILTERS[name](by, now)) for name in VIEWS if name != "closed"}
    waiting = visible_cases(by=by).filter(state__in=(*states.QUEUED, states.SNOOZED)).order_by()
    counts = waiting.aggregate(**{f"n_{name}": count for name, count in wanted.items()})
    requests = sum(rows.filter(state=states.REQUESTED).count() for rows in visible_requests(by=by).values())
    return {name: counts[f"n_{name}"] for name in wanted} | {"requests": requests}


def case_after(case: Case, *, by: Reviewer) -> Case | None:
    """Return the next case of the queue behind this one that nobody else looks at."""
    behind = Q(priority__lt=case.priority)
    behind |= Q(priority=case.priority, due_at__gt=case.due_at)
    behind |= Q(priority=case.priority, due_at=case.due_at, pk__gt=case.pk)
    free = Q(claimed_by="") | Q(claimed_by=by.actor) | Q(claim_expires_at__lte=timezone.now())
    looked_at = Q(state__in=(states.OPEN, states.CLAIMED, states.ESCALATED))
    if Power.DECIDE_SEVERE not in by.powers:
        looked_at &= Q(is_escalated=False)
    return list_queue(by=by).filter(behind, free, looked_at).first()
