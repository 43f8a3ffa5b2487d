"""How many of a project's jobs are worked on at once. The others wait, and hold up no other project.

A job takes its place with its first step and keeps it to its end: videos are finished one after the other, rather than
all begun and none done.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from gilfoyle.lib.queue import send_on_commit
from processing.jobs import states
from processing.jobs.models import Job, Step
from videos.access.limits import effective
from videos.access.quotas import hold_project
from videos.models import Project

CODE = "encodes_at_once"
_HELD_BACK = Q(job__status=states.ACTIVE, job__has_place=False)


def without_held_back(steps: QuerySet[Step]) -> QuerySet[Step]:
    """Leave out the steps of jobs that have no place, of projects whose places are all taken."""
    full = full_projects()
    return steps.exclude(_HELD_BACK & Q(job__video__project__in=full)) if full else steps


def full_projects() -> list[str]:
    """Return the projects none of whose jobs may begin now. Only those with work under way are looked at."""
    at_work = Project.objects.filter(videos__jobs__has_place=True).order_by()
    taken = at_work.annotate(places=Count("videos__jobs")).values_list("pk", "max_encodes_at_once", "places")
    return [project_id for project_id, own, places in taken if (most := _most(own)) and places >= most]


def take_place(job: Job) -> bool:
    """Let a job begin; False where its project has no place left. In the transaction that claims its first step."""
    if job.has_place or job.status != states.ACTIVE:
        return True
    project = hold_project(job.video.project_id)
    most = _most(project.max_encodes_at_once)
    if most and Job.objects.filter(has_place=True, video__project=project).exclude(pk=job.pk).count() >= most:
        return False
    # Only while it is active: one that was cancelled meanwhile would never give its place back.
    return bool(Job.objects.filter(pk=job.pk, status=states.ACTIVE).update(has_place=True))


def wake_others(job: Job) -> None:
    """Say that a job has left its place, and another one may begin. Call inside a transaction."""
    waiting = Step.objects.filter(_HELD_BACK, status=states.READY, job__video__project=job.video.project_id)
    for queue in waiting.order_by().values_list("queue", flat=True).distinct():
        send_on_commit("run_step", queue=queue, of=queue)


def words_of_wait(job: Job) -> str:
    """Return why a job may not begin yet; "" where it may."""
    if job.has_place or job.status != states.ACTIVE:
        return ""
    if not (full := full_projects()) or job.video.project_id not in full:
        return ""
    most = _most(job.video.project.max_encodes_at_once)
    return f"Waits until another video of its project is done: {most} at a time are processed."


def _most(own: int | None) -> int | None:
    return effective(own, settings.GILFOYLE.limits.max_encodes_at_once)
