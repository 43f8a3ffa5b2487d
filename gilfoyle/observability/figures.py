"""Figures that rows tell, read when somebody asks: the row is the truth, whoever did or did not count.

Each query goes by an index over what is under way, so that it costs the same however much is done already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.db.models.functions import Coalesce

from gilfoyle import __version__
from gilfoyle.health import CHECKS, works
from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.metrics import OTHER
from gilfoyle.lib.queue import QUEUES
from gilfoyle.scheduling.standing import read_standing
from processing.jobs import slots
from processing.jobs import states as work
from processing.jobs.metrics import KINDS
from processing.jobs.models import Job, Step
from processing.jobs.paused import without_paused
from streaming.exposure.selectors import get_standing
from videos.audit.models import ONLY_ROW, AuditCheck
from videos.catalog import states
from videos.fingerprints.models import BlockedFingerprint
from videos.imports import states as imports
from videos.imports.models import Import
from videos.models import Video
from videos.uploads import states as uploads
from videos.uploads.models import Upload
from videos.webhooks import states as deliveries
from videos.webhooks.models import Delivery

Values = tuple[str, ...]
Reading = Iterator[tuple[str, Values, float]]  # name of the figure, values of its labels, and how much
OPEN_STATUSES = (work.WAITING, work.READY, work.RUNNING)
VIDEO_STATUSES = (states.UPLOADING, states.PROCESSING, states.DELETING)
DELIVERY_STATUSES = (deliveries.WAITING, deliveries.SENDING)
ACTING, STANDING_BY = "acting", "standing_by"
CANARY_STATES = ("ok", "exposed", "unknown", "off")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it means, and which values its labels can have."""

    name: str
    words: str
    labels: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that are read together."""

    name: str
    figures: tuple[Figure, ...]
    read: Callable[[Config, datetime], Reading]
    is_rows: bool = True  # else it asks no database, and is bound by no limit of a query


def _age_s(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0


def _read_steps(config: Config, now: datetime) -> Reading:
    del config
    rows = (
        Step.objects.filter(status__in=OPEN_STATUSES, job__status__in=work.AT_WORK)
        .order_by()
        .values_list("queue", "kind", "status")
        .annotate(n=Count("pk"))
    )
    sums: dict[Values, int] = {}
    for queue, kind, status, count in rows:
        values: Values = (queue if queue in QUEUES else OTHER, kind if kind in KINDS else OTHER, status)
        sums[values] = sums.get(values, 0) + count
    for values, total in sums.items():
        yield "gilfoyle_queue_steps", values, total
    ready = Step.objects.filter(status=work.READY, ready_at__lte=now, job__status__in=work.AT_WORK)
    takeable = slots.without_held_back(without_paused(ready))
    oldest = dict(takeable.order_by().values_list("queue").annotate(oldest=Min("ready_at")))
    for queue in QUEUES:
        yield "gilfoyle_queue_oldest_age_seconds", (queue,), _age_s(oldest.get(queue), now)
    yield "gilfoyle_jobs_active", (), Job.objects.filter(status=work.ACTIVE).count()
    running = Step.objects.filter(status=work.RUNNING)
    yield "gilfoyle_leases_overdue", (), running.filter(lease_expires_at__lt=now).count()


def _read_incoming(config: Config, now: datetime) -> Reading:
    del config
    yield "gilfoyle_uploads_receiving", (), Upload.objects.filter(status=uploads.RECEIVING).count()
    live = Import.objects.filter(status__in=imports.LIVE).order_by()
    counts = dict(live.values_list("status").annotate(n=Count("pk")))
    for status in imports.LIVE:
        yield "gilfoyle_imports", (status,), counts.get(status, 0)
    waiting = live.filter(status=imports.WAITING, ready_at__lte=now).aggregate(oldest=Min("ready_at"))
    yield "gilfoyle_imports_oldest_age_seconds", (), _age_s(waiting["oldest"], now)


def _read_deliveries(config: Config, now: datetime) -> Reading:
    del config
    rows = Delivery.objects.order_by()
    for status in DELIVERY_STATUSES:
        yield "gilfoyle_deliveries", (status,), rows.filter(status=status).count()
    due = rows.filter(status=deliveries.WAITING, ready_at__lte=now, endpoint__disabled_at__isnull=True)
    oldest = due.order_by("ready_at").values_list("ready_at", flat=True).first()  # the first by the index
    yield "gilfoyle_deliveries_oldest_age_seconds", (), _age_s(oldest, now)


def _read_videos(config: Config, now: datetime) -> Reading:
    del config
    rows = Video.objects.filter(status__in=VIDEO_STATUSES).order_by()
    found = {
        status: (count, oldest)
        for status, count, oldest in rows.values_list("status").annotate(
            n=Count("pk"), oldest=Min(Coalesce("deleted_at", "uploaded_at", "created_at"))
        )
    }
    for status in VIDEO_STATUSES:
        count, oldest = found.get(status, (0, None))
        yield "gilfoyle_videos_under_way", (status,), count
        yield "gilfoyle_videos_oldest_age_seconds", (status,), _age_s(oldest, now)


def _read_safety(config: Config, now: datetime) -> Reading:
    standing = get_standing(config, now=now)
    for state in CANARY_STATES:
        yield "gilfoyle_canary_state", (state,), float(standing.state == state)
    if standing.at is not None:
        yield "gilfoyle_canary_age_seconds", (), _age_s(standing.at, now)
    check = AuditCheck.objects.filter(pk=ONLY_ROW).first()
    if check is not None and check.verified_at is not None:
        yield "gilfoyle_audit_findings", (), check.findings
        yield "gilfoyle_audit_verified_age_seconds", (), _age_s(check.verified_at, now)
    unreadable = BlockedFingerprint.objects.filter(
        unreadable_at__isnull=False, revoked_at__isnull=True, hash_list__enabled=True
    )
    yield "gilfoyle_bans_unreadable", (), unreadable.count()


def _read_schedulers(config: Config, now: datetime) -> Reading:
    del now
    standing = read_standing(lease_s=config.scheduler.lease_s)
    yield "gilfoyle_schedulers", (ACTING,), float(bool(standing.acting))
    yield "gilfoyle_schedulers", (STANDING_BY,), len(standing.standing_by)
    if standing.age_s is not None:
        yield "gilfoyle_scheduler_lease_age_seconds", (), standing.age_s


def _read_build(config: Config, now: datetime) -> Reading:
    del config, now
    yield "gilfoyle_build_info", (__version__,), 1.0


def _read_parts(config: Config, now: datetime) -> Reading:
    del config, now
    for name, check in CHECKS.items():
        yield "gilfoyle_part_up", (name,), float(works(name, check))
    free = storage.free_bytes()
    if free is not None:
        yield "gilfoyle_storage_free_bytes", (), free


GROUPS = (
    Group(
        "build",
        (
            Figure(
                "gilfoyle_build_info",
                "Always 1: the version of the process that answers.",
                {"version": (__version__,)},
            ),
        ),
        _read_build,
        is_rows=False,
    ),
    Group(
        "parts",
        (
            Figure(
                "gilfoyle_part_up",
                "Whether database, broker and storage can be used now.",
                {"part": tuple(CHECKS)},
            ),
            Figure("gilfoyle_storage_free_bytes", "Free space of the store's disk; none of a bucket.", {}),
        ),
        _read_parts,
        is_rows=False,
    ),
    Group(
        "steps",
        (
            Figure(
                "gilfoyle_queue_steps",
                "Steps of jobs under way, by queue, kind and status.",
                {"queue": (*QUEUES, OTHER), "kind": (*KINDS, OTHER), "status": OPEN_STATUSES},
            ),
            Figure(
                "gilfoyle_queue_oldest_age_seconds",
                "How long the oldest step that could be taken has waited; 0: none waits.",
                {"queue": QUEUES},
            ),
            Figure("gilfoyle_jobs_active", "Jobs under way.", {}),
            Figure(
                "gilfoyle_leases_overdue", "Running steps whose worker has not been heard of in time.", {}
            ),
        ),
        _read_steps,
    ),
    Group(
        "incoming",
        (
            Figure("gilfoyle_uploads_receiving", "Uploads under way, or left and not yet given up.", {}),
            Figure("gilfoyle_imports", "Imports that wait or are fetched.", {"status": imports.LIVE}),
            Figure(
                "gilfoyle_imports_oldest_age_seconds",
                "How long the oldest import that could be taken has waited; 0: none waits.",
                {},
            ),
        ),
        _read_incoming,
    ),
    Group(
        "deliveries",
        (
            Figure(
                "gilfoyle_deliveries",
                "Webhook deliveries that wait or are sent.",
                {"status": DELIVERY_STATUSES},
            ),
            Figure(
                "gilfoyle_deliveries_oldest_age_seconds",
                "How long the oldest delivery that is due has waited; 0: none waits.",
                {},
            ),
        ),
        _read_deliveries,
    ),
    Group(
        "videos",
        (
            Figure("gilfoyle_videos_under_way", "Videos with work before them.", {"status": VIDEO_STATUSES}),
            Figure(
                "gilfoyle_videos_oldest_age_seconds",
                "How long ago the oldest of them was created, uploaded or deleted.",
                {"status": VIDEO_STATUSES},
            ),
        ),
        _read_videos,
    ),
    Group(
        "safety",
        (
            Figure(
                "gilfoyle_canary_state",
                "1 for the state of the exposure self-test.",
                {"state": CANARY_STATES},
            ),
            Figure("gilfoyle_canary_age_seconds", "How long ago the exposure self-test last ran.", {}),
            Figure(
                "gilfoyle_audit_findings", "What the last whole check of the audit found; 0: it is whole.", {}
            ),
            Figure(
                "gilfoyle_audit_verified_age_seconds", "How long ago the audit was last checked whole.", {}
            ),
            Figure(
                "gilfoyle_bans_unreadable",
                "Bans whose pictures can't be read: nothing is compared with them.",
                {},
            ),
        ),
        _read_safety,
    ),
    Group(
        "schedulers",
        (
            Figure(
                "gilfoyle_schedulers",
                "Schedulers that act (never more than one) and that stand by.",
                {"state": (ACTING, STANDING_BY)},
            ),
            Figure(
                "gilfoyle_scheduler_lease_age_seconds",
                "How long ago the scheduler that acts was last heard of, by the database's clock.",
                {},
            ),
        ),
        _read_schedulers,
    ),
)
READABLE = Figure(
    "gilfoyle_figures_readable",
    "Whether the figures that rows tell could be read in time, by group.",
    {"group": tuple(group.name for group in GROUPS)},
)
