"""What the dashboard shows, in a handful of queries whose cost does not grow with the work already done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from gilfoyle.lib import storage
from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import TONES, clock, size_in_words, when
from gilfoyle.lib.queue import QUEUES
from processing.jobs import states as work
from processing.jobs.diagnosis import told_to_staff
from processing.jobs.held_up import list_held_up
from processing.jobs.models import Step
from streaming.exposure.selectors import get_standing
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog import states
from videos.catalog.admin import poster_image, status_pills, with_poster_version
from videos.catalog.holdings import list_held
from videos.fingerprints.selectors import words_of_unreadable
from videos.models import Project, Video

MOST_FAILURES = 5
MOST_VIDEOS = 8
MOST_HOLDERS = 6
PATIENCE_S = 60
STATUS_WORDS = {
    states.READY: "Ready",
    states.PROCESSING: "Processing",
    states.UPLOADING: "Uploading",
    states.AWAITING_UPLOAD: "Awaiting upload",
    states.FAILED: "Failed",
    states.DELETING: "Being deleted",
}


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many videos have a status; `share` is percent of all."""

    status: str
    words: str
    tone: str
    count: int
    share: float
    address: str


@dataclass(frozen=True, slots=True)
class Holder:
    """What a project stores; `share` is percent of the one that stores most."""

    name: str
    address: str
    size: str
    share: float


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits and runs in a queue; `stalled` says in words that nobody takes its work."""

    name: str
    ready: int
    running: int
    waiting: int
    oldest: str
    stalled: str
    address: str


@dataclass(frozen=True, slots=True)
class VideoCard:
    """One video, as a picture with its facts."""

    title: str
    address: str
    picture: SafeString
    pills: SafeString
    project: str
    duration: str
    created: SafeString | str
    progress: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed video and why, in words."""

    title: str
    address: str
    message: str
    code: str
    project: str
    at: SafeString | str


def fill_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the dashboard's context what this administrator may see."""
    may_see_videos = may_view(request, "videos.view_video")
    may_see_work = may_view(request, "processing.view_step")
    if may_see_videos:
        context |= _about_videos()
        context["exposure"] = get_standing(settings.GILFOYLE, now=timezone.now())
    if may_view(request, "videos.view_blockedfingerprint"):
        context["unreadable"] = words_of_unreadable()
    if may_see_work:
        context |= describe_queues(timezone.now())
    may_add_key = request.user.has_perm("videos.add_apikey")
    context |= {"may_see_videos": may_see_videos, "may_see_work": may_see_work, "may_add_key": may_add_key}
    return context


def may_view(request: HttpRequest, permission: str) -> bool:
    """Tell whether this administrator has a right to view, or the one to change, which holds it (`videos.view_video`)."""
    return request.user.has_perm(permission) or request.user.has_perm(permission.replace("view_", "change_"))


def _about_videos() -> dict[str, Any]:
    counts, by_project = Counter[str](), Counter[str]()
    for one in list_held():
        counts[one.status] += one.videos
        by_project[one.project_id] += one.stored_bytes
    total, held = counts.total(), by_project.total()
    free = storage.free_bytes()
    return {
        "statuses": count_statuses(counts),
        "video_count": total,
        "stored": size_in_words(held),
        "holders": list_holders(by_project),
        "free": size_in_words(free) if free is not None else "",
        "is_empty": total == 0,
        "public_url": settings.GILFOYLE.public_url,
        "failures": list_failures() if total else [],
        "newest": list_newest() if total else [],
    }


def list_holders(held: Mapping[str, int]) -> list[Holder]:
    """Return the projects that hold the most bytes; `held` by their ids."""
    most = sorted((one for one in held.items() if one[1]), key=lambda one: (-one[1], one[0]))[:MOST_HOLDERS]
    names = dict(
        Project.objects.filter(pk__in=[project_id for project_id, _ in most]).values_list("pk", "name")
    )
    return [
        Holder(
            name=names.get(project_id, project_id),
            address=page_of("videos_project_change", project_id),
            size=size_in_words(size_bytes),
            share=100 * size_bytes / most[0][1],
        )
        for project_id, size_bytes in most
    ]


def count_statuses(counts: Mapping[str, int]) -> list[StatusCount]:
    """Return the statuses in the order of their life, those without videos too, but for the last."""
    total = sum(counts.values())
    return [
        StatusCount(
            status=status,
            words=words,
            tone=TONES.get(status, "plain"),
            count=counts.get(status, 0),
            share=100 * counts.get(status, 0) / total if total else 0,
            address=f"{reverse('admin:videos_video_changelist')}?status__exact={status}",
        )
        for status, words in STATUS_WORDS.items()
        if status != states.DELETING or counts.get(status)
    ]


def describe_queues(now: datetime) -> dict[str, Any]:
    """Return the queues, what their work waits for, and those whose work nobody takes although nothing is known against it."""
    queues, held_up = list_queues(now), list_held_up(now)
    explained = {queue for held in held_up for queue in held.stops_queues}
    stalled = [queue for queue in queues if queue.stalled and queue.name not in explained]
    return {"queues": queues, "held_up": held_up, "stalled_queues": stalled}


def list_queues(now: datetime) -> list[QueueState]:
    """Return each queue with its open steps of jobs that are under way."""
    rows = (
        Step.objects.filter(status__in=[work.READY, work.RUNNING, work.WAITING], job__status=work.ACTIVE)
        .order_by()
        .values("queue", "status")
        .annotate(n=Count("pk"), oldest=Min("ready_at"))
    )
    found = {(row["queue"], row["status"]): row for row in rows}
    return [_queue_state(queue, found, now) for queue in QUEUES]


def _queue_state(queue: str, found: dict[tuple[str, str], Any], now: datetime) -> QueueState:
    def count(status: str) -> int:
        return int(found.get((queue, status), {}).get("n", 0))

    oldest = found.get((queue, work.READY), {}).get("oldest")
    age_s = max(0.0, (now - oldest).total_seconds()) if oldest else None
    is_stalled = oldest and not count(work.RUNNING) and (now - oldest).total_seconds() > PATIENCE_S
    return QueueState(
        name=queue,
        ready=count(work.READY),
        running=count(work.RUNNING),
        waiting=count(work.WAITING),
        oldest=clock(age_s),
        stalled=f"The oldest has waited for {timesince(oldest, now, depth=1)}." if is_stalled else "",
        address=f"{reverse('admin:processing_step_changelist')}?queue={queue}",
    )


def list_failures() -> list[Failure]:
    """Return the videos that failed last; what an administrator cancelled is no failure."""
    videos = (
        Video.objects.filter(status=states.FAILED)
        .exclude(failure_code="cancelled")
        .select_related("project")
        .order_by("-updated_at")[:MOST_FAILURES]
    )
    return [
        Failure(
            title=str(video),
            address=page_of("videos_video_change", video.pk),
            message=told_to_staff(video.failure_code, video.failure_message),
            code=video.failure_code,
            project=video.project.name,
            at=when(video.updated_at),
        )
        for video in videos
    ]


def list_newest() -> list[VideoCard]:
    """Return the newest videos with their posters."""
    ours = Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS)
    kept = ours.exclude(status=states.DELETING).select_related("project")
    videos = with_poster_version(kept)[:MOST_VIDEOS]
    return [
        VideoCard(
            title=str(video),
            address=page_of("videos_video_change", video.pk),
            picture=poster_image(video),
            pills=status_pills(video),
            project=video.project.name,
            duration=clock(video.duration_s) if video.duration_s is not None else "",
            created=when(video.created_at),
            progress=video.progress if video.status == states.PROCESSING else None,
        )
        for video in videos
    ]
