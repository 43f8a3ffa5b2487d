"""What is at work now, from rows alone: queues, running steps, workers, the scheduler, failures, what is stored.

A worker that has nothing to do leaves no row: what is told is who holds a step, and where work waits that nobody takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q

from gilfoyle.lib.config import Config
from gilfoyle.scheduling.standing import read_standing
from processing.jobs import states
from processing.jobs.held_up import HeldUp, busy_queues, list_held_up
from processing.jobs.models import Job, Step
from processing.jobs.panel import KIND_WORDS, title_of
from processing.media import EncodePlan
from videos.catalog.holdings import list_held

MOST_RUNNING = 200
MOST_VIDEOS = 3
FAILURES_OF = timedelta(hours=1)
STALLED_S = 60.0
LATE_S = 30.0  # leases are freed every two seconds


@dataclass(frozen=True, slots=True)
class KindOfWork:
    """Open steps of one kind; `oldest_s`: how long the oldest of the ready ones has been ready."""

    kind: str
    words: str
    ready: int
    running: int
    waiting: int
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class RunningStep:
    """A step at work. `speed`: seconds of the video a second; `is_lost`: its worker has let the lease run out."""

    step_id: str
    video_id: str
    title: str
    worker: str
    progress: float
    took_s: float
    left_s: float | None
    speed: float | None
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that holds steps."""

    name: str
    steps: int
    is_lost: bool


@dataclass(frozen=True, slots=True)
class SchedulerState:
    """Whether the sweeps run: "alive", "late" (what they do at once is not done), "gone", "unknown" (none ever began)."""

    state: str
    words: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Jobs that failed lately for one reason."""

    code: str
    message: str
    count: int
    last_at: datetime
    video_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkReport:
    """All of it, at one moment."""

    at: datetime
    kinds: tuple[KindOfWork, ...]
    running: tuple[RunningStep, ...]
    workers: tuple[Worker, ...]
    scheduler: SchedulerState
    failures: tuple[FailureGroup, ...]
    videos: dict[str, int]
    stored_bytes: int
    concerns: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs: moments as text."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value


def read_work(config: Config, *, now: datetime) -> WorkReport:
    """Read it, in a handful of queries. Raises: DatabaseError."""
    kinds, running = tuple(_kinds(now)), tuple(list_running(now))
    held, by_status = list_held(), Counter[str]()
    for one in held:
        by_status[one.status] += one.videos
    workers, scheduler = tuple(list_workers(running)), _scheduler(config, now)
    return WorkReport(
        at=now,
        kinds=kinds,
        running=running,
        workers=workers,
        scheduler=scheduler,
        failures=tuple(_failures(now)),
        videos=dict(sorted(by_status.items())),
        stored_bytes=sum(one.stored_bytes for one in held),
        concerns=tuple(_concerns(_left_alone(now), list_held_up(now), workers, scheduler)),
    )


def _kinds(now: datetime) -> Iterable[KindOfWork]:
    open_steps = Q(status__in=[states.READY, states.RUNNING, states.WAITING], job__status__in=states.AT_WORK)
    rows = Step.objects.filter(open_steps).order_by().values("kind")
    counted = rows.annotate(
        ready=Count("pk", filter=Q(status=states.READY)),
        running=Count("pk", filter=Q(status=states.RUNNING)),
        waiting=Count("pk", filter=Q(status=states.WAITING)),
        # What is put off until later does not wait for a worker.
        oldest=Min("ready_at", filter=Q(status=states.READY, ready_at__lte=now)),
    )
    for row in sorted(counted, key=lambda row: list(KIND_WORDS).index(row["kind"])):
        oldest_s = (now - row["oldest"]).total_seconds() if row["oldest"] else None
        words = KIND_WORDS[row["kind"]]
        yield KindOfWork(row["kind"], words, row["ready"], row["running"], row["waiting"], oldest_s)


def list_running(now: datetime) -> Iterable[RunningStep]:
    """Yield the steps at work, those that began first before the others, at most MOST_RUNNING of them."""
    rows = Step.objects.filter(status=states.RUNNING).select_related("job").order_by("started_at", "pk")
    plans: dict[str, EncodePlan | None] = {}
    for step in rows[:MOST_RUNNING]:
        if step.job_id not in plans:
            plans[step.job_id] = EncodePlan.from_json(step.job.plan) if step.job.plan else None
        took_s = max(0.0, (now - step.started_at).total_seconds()) if step.started_at else 0.0
        share = step.progress
        media_s = media_seconds(plans[step.job_id], step)
        yield RunningStep(
            step_id=step.pk,
            video_id=step.job.video_id,
            title=title_of(step),
            worker=worker_of(step.lease_owner),
            progress=share,
            took_s=took_s,
            left_s=took_s * (1 - share) / share if share else None,
            speed=media_s * share / took_s if media_s and took_s and share else None,
            is_lost=step.lease_expires_at is not None and step.lease_expires_at < now,
        )


def worker_of(owner: str) -> str:
    """Return host and process of who holds a lease; threads of one process are one worker."""
    return ":".join(owner.split(":")[:2])


def media_seconds(plan: EncodePlan | None, step: Step) -> float | None:
    """Return how many seconds of its video a step encodes; None for work that has no such length."""
    if plan is None:
        return None
    chunk, rendition = step.inputs.get("chunk"), step.inputs.get("rendition")
    if isinstance(chunk, int) and plan.video and chunk < len(plan.chunks):
        one = plan.chunks[chunk]
        return float((one.end_frame - one.first_frame) / plan.video.frame_rate)
    return next((float(audio.duration_s) for audio in plan.audio if audio.name == rendition), None)


def list_workers(running: Iterable[RunningStep]) -> Iterable[Worker]:
    """Yield who holds them."""
    held: dict[str, list[RunningStep]] = {}
    for step in running:
        held.setdefault(step.worker, []).append(step)
    for name, steps in sorted(held.items()):
        yield Worker(name, len(steps), all(step.is_lost for step in steps))


def _scheduler(config: Config, now: datetime) -> SchedulerState:
    overdue = Step.objects.filter(
        status=states.RUNNING, lease_expires_at__lt=now - timedelta(seconds=LATE_S)
    ).count()
    standing = read_standing(lease_s=config.scheduler.lease_s)
    if overdue and standing.acting:
        words = f"{overdue} steps whose worker is gone were given to nobody else; {standing.words}"
        return SchedulerState("late", words, standing.renewed_at)
    if standing.acting:
        return SchedulerState("alive", standing.words, standing.renewed_at)
    state = "unknown" if standing.age_s is None else "gone"
    return SchedulerState(state, standing.words, standing.renewed_at)


def _failures(now: datetime) -> Iterable[FailureGroup]:
    lately = Job.objects.filter(status=states.FAILED, finished_at__gte=now - FAILURES_OF)
    groups: dict[str, list[Job]] = {}
    for job in lately.order_by("-finished_at").defer("plan"):
        groups.setdefault(job.failure_code, []).append(job)
    for code, jobs in groups.items():
        last_at = jobs[0].finished_at or now
        ids = tuple(dict.fromkeys(job.video_id for job in jobs))[:MOST_VIDEOS]
        yield FailureGroup(code, jobs[0].failure_message, len(jobs), last_at, ids)


def _left_alone(now: datetime) -> Counter[tuple[str, str]]:
    """Return by kind and queue how many steps have been ready for long in queues of whose work nobody does any."""
    late = Step.objects.filter(
        status=states.READY, job__status__in=states.AT_WORK, ready_at__lt=now - timedelta(seconds=STALLED_S)
    )
    rows = list(late.order_by().values("kind", "queue").annotate(n=Count("pk")))
    busy, found = busy_queues() if rows else frozenset(), Counter[tuple[str, str]]()
    for row in rows:
        found[row["kind"], row["queue"]] += row["n"] if row["queue"] not in busy else 0
    return +found


def _concerns(
    left_alone: Mapping[tuple[str, str], int],
    held_up: Iterable[HeldUp],
    workers: Iterable[Worker],
    scheduler: SchedulerState,
) -> Iterable[str]:
    explained = set[str]()
    for held in held_up:
        explained.update(held.stops_queues)
        yield f"{held.words.rstrip('.')} ({held.steps} step{'s' if held.steps > 1 else ''}). {held.found} {held.remedy}"
    missed = Counter[str]()
    for (kind, queue), ready in left_alone.items():
        missed[kind] += ready if queue not in explained else 0
    for kind, ready in (+missed).items():
        yield f"Nobody takes this work: {KIND_WORDS[kind]} ({ready} ready). Is a worker for it running?"
    for worker in workers:
        if worker.is_lost:
            yield f"The worker {worker.name} is gone with {worker.steps} steps."
    if scheduler.state != "alive":
        yield f"The scheduler: {scheduler.words}."
