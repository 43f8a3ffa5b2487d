"""The life of an import: begun, claimed under a lease, renewed, tried again, failed, cancelled.

The source itself goes the way of every upload (`videos/uploads/services.py`); an import that has arrived is closed by
the very transaction that hands the source over (`subscribers.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Count, F, Min, QuerySet

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.queue import send, send_on_commit
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.transactions import atomic
from videos.access.quotas import require_any_room
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.catalog.trail import note_deed
from videos.imports import states
from videos.imports.errors import ImportInProgress
from videos.imports.models import Import
from videos.imports.remotes import find_remote
from videos.uploads import states as upload_states
from videos.uploads.models import Upload
from videos.uploads.services import abort_upload, discard_bytes

log = structlog.get_logger(__name__)
QUEUE = "default"
CANDIDATES = 5
MAX_FAULTS = 6
MOST_PAUSE_S = 15 * 60
OURS = "Something went wrong on our side while the file was fetched."
LOST = "This import was given to another worker, or cancelled."
REPLACED = "Another file was uploaded to the video meanwhile."


@atomic
def start_import(
    *, video: Video, source_url: str, config: Config, is_nudged: bool = True, api_key_id: str = ""
) -> Import:
    """Note that a video's source is to be fetched, and say that there is work, unless the caller does it itself.

    Raises: QuotaExceeded, ImportsDisabled, AddressInvalid, AddressRefused, BucketUnknown, ImportInProgress; what `begin_receiving` raises.
    """
    find_remote(source_url, config=config, project_name=video.project.name)  # or it is refused at once
    catalog.require_receivable(video_id=video.pk)
    if Import.objects.filter(video=video, status__in=states.LIVE).exists():
        message = "An import to this video is under way."
        raise ImportInProgress(message, hint="Wait for it to end, or cancel it.")
    require_any_room(project_id=video.project_id, api_key_id=api_key_id, config=config)
    begun = Import.objects.create(video=video, source_url=source_url, api_key_id=api_key_id or None)
    if is_nudged:
        send_on_commit("run_import", queue=QUEUE)
    return begun


def claim_import(*, owner: str, lease_s: float, import_id: str = "") -> Import | None:
    """Take an import under a lease: the one whose turn it is, or one by name, however long it was to wait; or None."""
    now = shared_now()
    waiting = Import.objects.filter(status=states.WAITING)
    ready = waiting.filter(pk=import_id) if import_id else waiting.filter(ready_at__lte=now)
    while candidates := _in_turn(ready):
        for one in candidates:
            claimed = _move(
                Import.objects.filter(pk=one.pk, attempt=one.attempt),
                states.FETCHING,
                attempt=one.attempt + 1,
                lease_owner=owner,
                lease_expires_at=now + timedelta(seconds=lease_s),
                started_at=one.started_at or now,
            )
            if claimed:
                ours = Import.objects.select_related("video__project")
                if mine := ours.filter(pk=one.pk, attempt=one.attempt + 1).first():
                    return mine
    return None


def _in_turn(ready: QuerySet[Import]) -> list[Import]:
    """Return what is next: of each project its longest waiting one, first of those of which the fewest are fetched now.

    So one project's thousand addresses hold up nobody else's one.
    """
    fetching = Import.objects.filter(status=states.FETCHING).order_by()
    at_work = dict(fetching.values_list("video__project").annotate(Count("pk")))
    waiting = ready.order_by().values_list("video__project").annotate(Min("ready_at"))
    turns = sorted(waiting, key=lambda project: (at_work.get(project[0], 0), project[1]))
    return [
        first
        for project_id, _ in turns[:CANDIDATES]
        if (first := ready.filter(video__project=project_id).order_by("ready_at", "pk").first())
    ]


def renew_import(*, held: Import, lease_s: float, received_bytes: int) -> bool:
    """Keep an import, and note how far it is; False when it was lost to another worker or cancelled."""
    until = shared_now() + timedelta(seconds=lease_s)
    return bool(_held(held).update(lease_expires_at=until, received_bytes=received_bytes))


def record_transfer(*, held: Import, upload_id: str, size_bytes: int | None, version: str) -> None:
    """Note in which upload an import's bytes arrive, and of which file.

    Raises: StaleWork.
    """
    if not _held(held).update(upload_id=upload_id, size_bytes=size_bytes, version=version):
        raise _lost(held)
    held.upload_id, held.size_bytes, held.version = upload_id, size_bytes, version


def drop_transfer(*, held: Import) -> None:
    """Throw away what has arrived: it is of a file that is another one by now.

    Raises: StaleWork.
    """
    _drop_transfer(held)
    held.upload_id, held.size_bytes, held.version = "", None, ""


@atomic
def _drop_transfer(held: Import) -> None:
    catalog.hold_video(video_id=held.video_id)
    _stop_transfer(held)
    if not _held(held).update(upload_id="", size_bytes=None, version=""):
        raise _lost(held)


def close_arrived(*, video_id: str) -> None:
    """End the import of a video that has its source now. Call inside the transaction that made it so."""
    video = Video.objects.get(pk=video_id)
    live = Import.objects.filter(video=video)
    ours = live.filter(upload_id=video.source_upload_id)
    size_bytes = video.source_size_bytes
    _end(ours, states.FINISHED, received_bytes=size_bytes, size_bytes=size_bytes)
    _end(live, states.CANCELLED, failure_code="source_exists", failure_message=REPLACED)


@atomic
def cancel_import(*, video_id: str) -> bool:
    """Stop the import of a video, which then awaits a source as before; False, and no change, where there is none."""
    catalog.hold_video(video_id=video_id)
    live = Import.objects.filter(video_id=video_id, status__in=states.LIVE).first()
    if live is None:
        return False
    _end(Import.objects.filter(pk=live.pk), states.CANCELLED)
    _stop_transfer(live)
    note_deed("video.import_stopped", live.video, {"import": live.pk})
    return True


@atomic
def fail_import(*, held: Import, error: GilfoyleError, is_final: bool) -> None:
    """Note why an import did not arrive; it is tried again later, or its video is told.

    Raises: StaleWork when the lease was lost meanwhile.
    """
    catalog.hold_video(video_id=held.video_id)
    is_last = is_final or held.faults + 1 >= MAX_FAULTS
    told = {
        "failure_code": error.code[:64],
        "failure_message": error.message[:500],
        "failure_hint": error.hint[:500],
        "faults": F("faults") + 1,
    }
    if is_last:
        noted = _end(_held(held), states.FAILED, **told)
    else:
        asked_s = error.facts.get("retry_after_s") or 0
        pause_s = min(max(10 * 4**held.faults, asked_s), MOST_PAUSE_S)
        noted = _put_back(held, _held(held), ready_at=_in(pause_s), **told)
    if not noted:
        raise _lost(held)
    if is_last:
        _stop_transfer(held)
        catalog.mark_not_received(video_id=held.video_id, code=error.code, message=error.message)


@atomic
def postpone_import(*, held: Import, error: GilfoyleError, pause_s: float) -> None:
    """Let an import wait for what is lacking here; nothing counts against it.

    Raises: StaleWork when the lease was lost meanwhile.
    """
    catalog.hold_video(video_id=held.video_id)
    told = {"failure_code": error.code, "failure_message": error.message, "failure_hint": error.hint}
    if not _put_back(held, _held(held), ready_at=_in(pause_s), **told):
        raise _lost(held)


def sweep_imports(*, now: datetime | None = None) -> int:
    """Give away imports whose worker died, and say once more that there is work; returns how many were given away."""
    now = now or shared_now()
    freed = 0
    for lost in Import.objects.filter(status=states.FETCHING, lease_expires_at__lt=now):
        freed += _free(lost, now)
    if Import.objects.filter(status=states.WAITING, ready_at__lte=now).exists():
        send("run_import", queue=QUEUE)
    return freed


@atomic
def _free(lost: Import, now: datetime) -> bool:
    catalog.hold_video(video_id=lost.video_id)
    if not _put_back(lost, _held(lost).filter(lease_expires_at__lt=now), ready_at=now):
        return False
    log.warning("import_freed", import_id=lost.pk, video_id=lost.video_id, owner=lost.lease_owner)
    return True


def _stop_transfer(stopped: Import) -> None:
    upload = Upload.objects.select_related("video").filter(pk=stopped.upload_id).first()
    if upload is not None and abort_upload(upload=upload, why=upload_states.STOPPED):
        after_commit(discard_bytes, upload)


def _held(held: Import) -> QuerySet[Import]:
    return Import.objects.filter(pk=held.pk, status=states.FETCHING, attempt=held.attempt)


def _put_back(held: Import, mine: QuerySet[Import], **changes: Any) -> bool:
    """Let an import be claimed again. What has arrived is kept where there is a mark to know its file by."""
    if not _move(mine, states.WAITING, lease_expires_at=None, lease_owner="", **changes):
        return False
    if not held.version:
        _stop_transfer(held)
    return True


def _end(imports: QuerySet[Import], wanted: str, **changes: Any) -> bool:
    """End imports, and forget what of their addresses may be secret."""
    moved = False
    for one in imports.filter(status__in=states.leading_to(wanted)):
        shown = {"source_url": one.shown_url, "lease_expires_at": None, "lease_owner": ""}
        moved = _move(imports.filter(pk=one.pk), wanted, finished_at=shared_now(), **shown, **changes)
    return moved


def _move(imports: QuerySet[Import], wanted: str, **changes: Any) -> bool:
    allowed = imports.filter(status__in=states.leading_to(wanted))
    return bool(allowed.update(status=wanted, **changes))


def _in(pause_s: float) -> datetime:
    return shared_now() + timedelta(seconds=pause_s)


def _lost(held: Import) -> StaleWork:
    return StaleWork(LOST, import_id=held.pk)
