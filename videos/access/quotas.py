"""What a project and its keys use of what they may. Asked before anything is taken, under the project's lock.

Bytes and uploads are summed from the rows themselves: nothing beside them could disagree with them, and whatever ends a
row (delete, expiry, failure, replacement) gives its share back. A project is the last row that anyone locks: videos,
uploads and jobs come before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.access.freezes import require_not_frozen
from videos.access.limits import Limits, limits_of_key, limits_of_project
from videos.access.models import ApiKey, MonthlyUse, Project
from videos.errors import QuotaExceeded, SourceTooLarge, TooManyUploads

RECEIVING, FINISHED, DELETING = "receiving", "finished", "deleting"  # of uploads and videos, which lie above
DELETED_AFTER_S = 120  # the files of what was deleted are gone by then
MINUTE_MS = 60_000
ROOM_HINT = "Delete videos or unfinished uploads, or ask the operator for a higher limit."


_Limited = tuple[str, QuerySet[Any], Limits]


@dataclass(frozen=True, slots=True)
class Use:
    """What there is now. `deleting_bytes` are among the stored ones: they take room until their files are gone."""

    stored_bytes: int
    deleting_bytes: int
    uploading_bytes: int
    uploads: int

    @property
    def taken_bytes(self) -> int:
        return self.stored_bytes + self.uploading_bytes


@dataclass(frozen=True, slots=True)
class _Bound:
    """A limit of bytes, and what is used of it."""

    of: str
    limit: int
    used: int
    deleting: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes may be taken."""

    bounds: tuple[_Bound, ...] = ()

    @property
    def left_bytes(self) -> int | None:
        """How many more there may be; None: any number."""
        return min((max(0, one.limit - one.used) for one in self.bounds), default=None)

    def require(self, asked: int) -> None:
        """Raises: SourceTooLarge for what could never fit; QuotaExceeded."""
        for one in self.bounds:
            if asked > one.limit:
                message = f"{asked} bytes are more than the {one.limit} that this {one.of} may store in all."
                raise SourceTooLarge(
                    message, hint="Send a smaller file, or ask the operator for a higher limit."
                )
        if (refusal := self.refuse(asked)) is not None:
            raise refusal

    def refuse(self, asked: int) -> QuotaExceeded | None:
        """Return why so many bytes do not fit; None where they do."""
        over = (one for one in self.bounds if asked > one.limit - one.used)
        return next((_no_bytes_left(one, asked) for one in over), None)


def measure_use(rows: QuerySet[Any], *, stored: tuple[int, int] | None = None) -> Use:
    """Return what one project, or one key, uses; `rows` holds that one alone.

    `stored`: the bytes that are stored and being deleted, where they are known; nobody who takes of a quota may say so.

    In one statement, so that an upload which ends meanwhile is counted once, before or after. Of a key: unfinished
    uploads, and the videos whose sources it has brought.
    """
    # values: grouped by the id alone, so that a million rows are added up without being sorted.
    alone = rows.model.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
    came: dict[str, Any] = {}
    path = "videos"
    if rows.model is not Project:
        path = "uploads__video"
        came = {"uploads__status": FINISHED, "uploads__video__source_upload_id": F("uploads__pk")}
    videos = alone.filter(**came)
    # All in one call: a second filter over the same rows would join them once more, and add up each with each.
    deleting = alone.filter(**came, **{f"{path}__status": DELETING})
    receiving = alone.filter(uploads__status=RECEIVING)
    stored_bytes, reserved_bytes = Sum(f"{path}__stored_bytes"), Sum("uploads__reserved_bytes")
    asked: dict[str, Any] = {
        "uploading": Subquery(receiving.annotate(n=reserved_bytes).values("n")),
        "open_count": Subquery(receiving.annotate(n=Count("uploads")).values("n")),
    }
    if stored is None:
        asked["stored"] = Subquery(videos.annotate(n=stored_bytes).values("n"))
        asked["deleting"] = Subquery(deleting.annotate(n=stored_bytes).values("n"))
    row = rows.order_by().annotate(**asked).values(*asked).first() or {}
    found = {name: int(row.get(name) or 0) for name in asked}
    all_bytes, deleting_bytes = stored or (found["stored"], found["deleting"])
    return Use(all_bytes, deleting_bytes, found["uploading"], found["open_count"])


def hold_project(project_id: str) -> Project:
    """Keep everyone else from taking of a project's quota until the current transaction ends."""
    # NO KEY: rows that only refer to the project are still written meanwhile.
    return Project.objects.select_for_update(no_key=True).get(pk=project_id)


def find_room(*, project_id: str, api_key_id: str, config: Config, held_bytes: int = 0) -> Room:
    """Return how many bytes a project and a key may take, beside what the asking upload holds already.

    Call it inside the transaction that takes them: nobody else takes of them until that ends.
    """
    project = hold_project(project_id)
    return _find_room(_limited(project, api_key_id, config), held_bytes)


def require_upload(*, project_id: str, api_key_id: str, asked_bytes: int, config: Config) -> None:
    """Refuse an upload that a limit forbids. Call it inside the transaction that writes its row.

    Raises: UploadsFrozen, SourceTooLarge, QuotaExceeded, TooManyUploads.
    """
    project = hold_project(project_id)
    require_not_frozen(project_id=project_id, api_key_id=api_key_id)
    limited = _limited(project, api_key_id, config)
    _find_room(limited, 0).require(asked_bytes)
    for of, rows, limits in limited:
        if limits.max_uploads_at_once is not None:
            _require_slot(of, rows, limits.max_uploads_at_once)
    _require_minutes(project, config)


@atomic
def require_any_room(*, project_id: str, api_key_id: str, config: Config, asked_bytes: int = 1) -> None:
    """Refuse what would bring a file later, where it could not be taken now. Reserves nothing.

    Raises: UploadsFrozen, SourceTooLarge, QuotaExceeded.
    """
    project = hold_project(project_id)
    require_not_frozen(project_id=project_id, api_key_id=api_key_id)
    _find_room(_limited(project, api_key_id, config), 0).require(asked_bytes)
    _require_minutes(project, config)


def _limited(project: Project, api_key_id: str, config: Config) -> list[_Limited]:
    """Return whose limits count."""
    limited: list[_Limited] = [
        ("project", Project.objects.filter(pk=project.pk), limits_of_project(project, config.limits))
    ]
    key = ApiKey.objects.filter(pk=api_key_id).first() if api_key_id else None
    if key is not None:
        limited.append(("key", ApiKey.objects.filter(pk=key.pk), limits_of_key(key, config.limits)))
    return limited


def _find_room(limited: list[_Limited], held_bytes: int) -> Room:
    bounds = []
    for of, rows, limits in limited:
        if limits.max_stored_bytes is not None:
            use = measure_use(rows)
            bounds.append(
                _Bound(of, limits.max_stored_bytes, use.taken_bytes - held_bytes, use.deleting_bytes)
            )
    return Room(tuple(bounds))


def _require_slot(of: str, rows: QuerySet[Any], most: int) -> None:
    uploads = rows.filter(uploads__status=RECEIVING).order_by().aggregate(n=Count("uploads"))["n"]
    if uploads >= most:
        message = f"This {of} has {uploads} unfinished uploads, and may have {most}."
        hint = "Finish or end some of them; forgotten ones are removed by themselves."
        raise TooManyUploads(message, hint=hint, of=of, limit=most, used=uploads)


def _no_bytes_left(bound: _Bound, asked: int) -> QuotaExceeded:
    left = max(0, bound.limit - bound.used)
    message = (
        f"This {bound.of} may store {bound.limit} bytes; {bound.used} are taken, and {asked} more do not fit."
    )
    frees_enough = bool(bound.deleting) and asked <= left + bound.deleting
    hint = (
        f"{bound.deleting} bytes are being deleted: try again in two minutes." if frees_enough else ROOM_HINT
    )
    refusal = QuotaExceeded(
        message,
        hint=hint,
        quota="stored_bytes",
        of=bound.of,
        limit=bound.limit,
        used=bound.used,
        asked=asked,
    )
    refusal.retry_after_s = DELETED_AFTER_S if frees_enough else None
    return refusal


def processed_ms(project_id: str, *, now: datetime | None = None) -> int:
    """Return how much a project has had processed this month."""
    rows = MonthlyUse.objects.filter(project_id=project_id, month=month_of(now or timezone.now()))
    return rows.values_list("processed_ms", flat=True).first() or 0


def _require_minutes(project: Project, config: Config) -> None:
    """Refuse a video that could not be processed, as the month's minutes are used up. Raises: QuotaExceeded."""
    most = limits_of_project(project, config.limits).max_minutes_a_month
    if most is not None and (used_ms := processed_ms(project.pk)) >= most * MINUTE_MS:
        raise _no_minutes_left(most, used_ms, 0)


@atomic
def charge_minutes(*, project_id: str, duration_s: float, config: Config) -> None:
    """Count a video's length for this month. Call it inside the transaction that begins its processing.

    Raises: QuotaExceeded.
    """
    project = hold_project(project_id)
    most = limits_of_project(project, config.limits).max_minutes_a_month
    asked_ms = max(0, round(duration_s * 1000))
    month = month_of(timezone.now())
    used, _ = MonthlyUse.objects.get_or_create(project=project, month=month)
    if most is not None and used.processed_ms + asked_ms > most * MINUTE_MS:
        raise _no_minutes_left(most, used.processed_ms, asked_ms)
    MonthlyUse.objects.filter(pk=used.pk).update(processed_ms=F("processed_ms") + asked_ms)


def month_of(at: datetime) -> str:
    """Return the calendar month in which a moment lies, as in 2026-11 (UTC)."""
    return f"{at.astimezone(UTC):%Y-%m}"


def _no_minutes_left(most: int, used_ms: int, asked_ms: int) -> QuotaExceeded:
    used, asked = round(used_ms / MINUTE_MS, 3), round(asked_ms / MINUTE_MS, 3)
    wish = f"; this video has {asked:g}" if asked_ms else ""
    message = f"This project may have {most} min of video processed in a month; {used:g} are used{wish}."
    now = timezone.now().astimezone(UTC)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    refusal = QuotaExceeded(
        message,
        hint=f"Try again from {next_month:%Y-%m-%d} on, or ask the operator for a higher limit.",
        quota="minutes_a_month",
        of="project",
        limit=most,
        used=used,
        asked=asked,
    )
    if not asked_ms:
        refusal.retry_after_s = int((next_month - now).total_seconds())
    return refusal
