"""What failed and still lies there, by reason, as the admin's page of failures shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.safestring import SafeString

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import when
from processing.jobs import states
from processing.jobs.diagnosis import Diagnosis, diagnose, told_to_staff
from processing.jobs.models import Job
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog import states as videos

MOST_LOOKED_AT = 500  # the newest; who has more has one cause for most of them
MOST_SHOWN = 5
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One of them: whose it is, and whether it can be tried again as it is."""

    id: str
    title: str
    address: str
    project: str
    at: SafeString | str
    may_retry: bool


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """All that failed for one reason; the latest of them are told one by one."""

    code: str
    message: str
    diagnosis: Diagnosis | None
    count: int
    may_retry: int
    latest: tuple[FailedJob, ...]


@dataclass(frozen=True, slots=True)
class Failures:
    """The groups, the largest first; `is_cut`: there are more than were looked at."""

    groups: tuple[FailureGroup, ...]
    count: int
    is_cut: bool


def list_open() -> QuerySet[Job]:
    """Return the failed jobs that something can still be done about, the newest first, by an index.

    Not those that a newer job of their video followed, nor of videos that are being deleted or were uploaded anew.
    """
    newer = Job.objects.filter(video=OuterRef("video"), created_at__gt=OuterRef("created_at"))
    at_hand = Q(video__status=videos.FAILED) | Q(reprocessing__isnull=False, video__status=videos.READY)
    failed = Job.objects.filter(at_hand, ~Exists(newer), status=states.FAILED).defer("plan")
    return failed.exclude(video__project__in=INTERNAL_PROJECT_IDS).order_by("-created_at", "-id")


def list_retryable(*, code: str) -> QuerySet[Job]:
    """Return what can be tried again of what failed for a reason, as many as one press takes; none where that can't help.

    What failed first comes first, so that what has failed again stands behind what was not tried.
    """
    jobs = list_open().filter(failure_code=code, reprocessing__isnull=True)
    diagnosis = diagnose(code)
    if diagnosis is None or diagnosis.again == "never":
        return jobs.none()
    return jobs.order_by("finished_at", "id")[:MOST_AT_ONCE]


def read_failures() -> Failures:
    """Read them, in one query."""
    jobs = list(list_open().select_related("video__project")[: MOST_LOOKED_AT + 1])
    is_cut, jobs = len(jobs) > MOST_LOOKED_AT, jobs[:MOST_LOOKED_AT]
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.failure_code, []).append(job)
    groups = [_describe(code, members) for code, members in found.items()]
    groups.sort(key=lambda group: -group.count)
    return Failures(tuple(groups), len(jobs), is_cut)


def _describe(code: str, jobs: list[Job]) -> FailureGroup:
    return FailureGroup(
        code=code,
        message=told_to_staff(code, jobs[0].failure_message),
        diagnosis=diagnose(code),
        count=len(jobs),
        may_retry=sum(not job.is_reprocessing for job in jobs),
        latest=tuple(_one(job) for job in jobs[:MOST_SHOWN]),
    )


def _one(job: Any) -> FailedJob:
    return FailedJob(
        id=job.pk,
        title=str(job.video),
        address=page_of("videos_video_change", job.video_id),
        project=job.video.project.name,
        at=when(job.finished_at or job.created_at),
        may_retry=not job.is_reprocessing,
    )
