"""Whose turn it is: the project of which the fewest steps of a queue are running goes first, then urgency and age.

These are looked at among the steps of the fifty oldest jobs. So one project's thousand uploads don't hold up another's single one. Nobody keeps accounts: what is running now is counted
at each claim. Asked outside of any transaction, so that claims don't make each other lose races; a claim decides for itself.
"""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, QuerySet

from processing.jobs import states
from processing.jobs.models import Job, Step

CANDIDATES = 5
MOST_JOBS = 50
MOST_LEVELS = 3  # beyond these, projects are at work with about as much


def next_steps(ready: QuerySet[Step], *, queue: str) -> list[Step]:
    """Return the steps to try to claim, first the one whose turn it is; `ready`: all that could be, in their order."""
    running = Step.objects.filter(queue=queue, status=states.RUNNING).order_by()
    counted = running.values_list("job__video__project").annotate(n=Count("pk"))
    at_work: dict[str, int] = dict(counted)
    for level in sorted({0, *at_work.values()})[:MOST_LEVELS]:
        busier = [project_id for project_id, count in at_work.items() if count > level]
        if not busier:
            break
        # By way of the jobs, which are few: a backlog of a hundred thousand steps is not gone through. What is done later
        # for jobs that have ended is nobody's upload, and comes by its urgency and age alone.
        jobs = Job.objects.filter(Exists(ready.order_by().filter(job=OuterRef("pk"))), status=states.ACTIVE)
        oldest = jobs.exclude(video__project__in=busier).order_by("created_at")
        others = list(oldest.values_list("pk", flat=True)[:MOST_JOBS])
        if others and (found := list(ready.filter(job__in=others)[:CANDIDATES])):
            return found
    return list(ready[:CANDIDATES])
