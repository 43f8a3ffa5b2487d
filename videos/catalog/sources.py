"""The stored source of a video takes another's place: at every moment there is one whole source, and it has a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from gilfoyle.lib import ids, storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import states
from videos.catalog.models import SpareSource, Video
from videos.catalog.source_keys import destroy_key, prepare_key
from videos.events import SourceHashed

log = structlog.get_logger(__name__)
BATCH = 50
VERSION_LENGTH = 16
STORED_WITHIN = timedelta(days=1)  # a copy that has not become the source by then never will
CLEANED, KEPT = "cleaned", "kept"
# What is replaced stays for so long. Some may still read it: longer than any step but an encode does, and no encode is under
# way when it changes. And a database that lost its last commits, as a standby that takes over may, names it once more.
READ_ON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A stored object that is to become a video's source, instead of the version that it `replaces`."""

    upload_id: str
    replaces: str
    version: str
    name: str
    key: bytes | None = field(default=None, repr=False)  # what it is to be encrypted with


@dataclass(frozen=True, slots=True)
class CleaningReport:
    """What was removed from a source, or why nothing was, and what it goes on to tell: how much of each kind."""

    reason: str = ""
    removed: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)

    def to_json(self, video: Video) -> dict[str, Any]:
        """Return the report with what the source was when it came."""
        return {
            "outcome": KEPT if self.reason else CLEANED,
            "reason": self.reason,
            "removed": dict(self.removed),
            "left": dict(self.left),
            "uploaded_size_bytes": video.source_size_bytes,
            "uploaded_sha256": video.source_sha256,
        }


def promise_replacement(*, video: Video, config: Config, now: datetime | None = None) -> Replacement:
    """Name an object that is about to be stored, and its key; should it not become the source, both will be removed."""
    version = new_version()
    name = layout.source_name(video.project_id, video.pk, video.source_upload_id, version)
    promise_object(name, video_id=video.pk, now=now)
    key = prepare_key(name=name, video_id=video.pk, config=config)
    return Replacement(video.source_upload_id, video.source_version, version, name, key)


def new_version() -> str:
    """Return the version of an object that nobody else writes."""
    return ids.random_text(VERSION_LENGTH)


def promise_object(name: str, *, video_id: str, now: datetime | None = None) -> None:
    """Note an object (or a folder, "…/") that is about to be stored: the sweep removes it, should nothing come to name it."""
    remove_at = (now or timezone.now()) + STORED_WITHIN
    SpareSource.objects.create(name=name, video_id=video_id, remove_at=remove_at)


def keep_promised(name: str) -> None:
    """Take a promised object off the sweep's list, in the transaction that makes something name it.

    Raises: StaleWork when its removal has begun.
    """
    if not SpareSource.objects.filter(pk=name, is_doomed=False).delete()[0]:
        message = "What was stored here was given up."
        raise StaleWork(message, name=name)


@atomic
def replace_source(
    *,
    video_id: str,
    by: Replacement,
    size_bytes: int,
    sha256: str,
    report: CleaningReport | None,
) -> None:
    """Let a promised, stored object be the source; what it replaces is removed a while later.

    Without a `report` nobody looked at what it tells.
    Raises: StaleWork when the promise was broken, or the source is another one by now.
    """
    video = _present(video_id, by.upload_id, by.replaces)
    keep_promised(by.name)
    before = layout.source_name(video.project_id, video.pk, video.source_upload_id, by.replaces)
    SpareSource.objects.create(name=before, video_id=video.pk, remove_at=timezone.now() + READ_ON)
    video.source_cleaning = report.to_json(video) if report else video.source_cleaning
    video.stored_bytes = F("stored_bytes") + size_bytes - (video.source_size_bytes or 0)
    video.source_version, video.source_size_bytes, video.source_sha256 = by.version, size_bytes, sha256
    video.source_is_sealed = by.key is not None
    video.save(
        update_fields=[
            *("source_version", "source_size_bytes", "source_sha256", "source_cleaning", "source_is_sealed"),
            *("stored_bytes", "updated_at"),
        ]
    )


@atomic
def keep_source(*, video_id: str, upload_id: str, version: str = "", report: CleaningReport) -> None:
    """Note why a source stays as it was uploaded.

    Raises: StaleWork when the source is another one by now.
    """
    video = _present(video_id, upload_id, version)
    video.source_cleaning = report.to_json(video)
    video.save(update_fields=["source_cleaning", "updated_at"])


@atomic
def record_source_hash(*, video_id: str, upload_id: str, sha256: str) -> None:
    """Keep what the file hashes to that was uploaded, where that was found out later; the video may have another by now."""
    video = Video.objects.select_for_update().filter(pk=video_id, source_upload_id=upload_id).first()
    if video is None:
        return
    if not video.source_version:
        video.source_sha256 = sha256
    if video.source_cleaning:
        video.source_cleaning = {**video.source_cleaning, "uploaded_sha256": sha256}
    video.save(update_fields=["source_sha256", "source_cleaning", "updated_at"])
    publish(SourceHashed(video.pk))


def _present(video_id: str, upload_id: str, version: str) -> Video:
    """Lock the video whose source is the very one that was looked at."""
    video = (
        Video.objects.select_for_update()
        .filter(pk=video_id, source_upload_id=upload_id, source_version=version)
        .first()
    )
    if video is None:
        message = "The source of this video is another one by now."
        raise StaleWork(message, video_id=video_id)
    return video


@atomic
def note_removal(names: list[str], *, video_id: str, at: datetime | None = None) -> None:
    """Let the sweep remove what nobody needs: objects, or folders ("…/"). Whoever removes them first, forgets them."""
    for name in names:
        SpareSource.objects.update_or_create(
            name=name, defaults={"video_id": video_id, "remove_at": at or timezone.now(), "is_doomed": True}
        )


@atomic
def forget_removal(names: list[str]) -> None:
    """Forget what has been removed."""
    SpareSource.objects.filter(pk__in=names, is_doomed=True).delete()


def remove_spare_sources(*, now: datetime | None = None, of: str = "") -> int:
    """Remove what is no source, or no longer, once its time has come; returns how many. A store that fails is asked again.

    `of`: of one video alone.
    """
    due = SpareSource.objects.filter(remove_at__lte=now or timezone.now())
    return _remove(due.filter(video_id=of) if of else due)


def remove_noted(*, video_id: str) -> None:
    """Remove at once what was to go later of a video that is being deleted, wherever it lies; the sweep has what failed."""
    while _remove(SpareSource.objects.filter(video_id=video_id, is_doomed=True)):
        pass


def _remove(due: QuerySet[SpareSource]) -> int:
    # By the key of each that is due: a list of all that are held would be made of every video.
    due = due.exclude(Exists(Video.objects.filter(pk=OuterRef("video_id"), legal_hold=True)))
    removed = 0
    for spare in due.order_by("remove_at")[:BATCH]:
        try:
            if _is_needed(spare):
                SpareSource.objects.filter(pk=spare.pk).update(remove_at=F("remove_at") + STORED_WITHIN)
                continue
            # From now on it can't become a source; where the row has gone meanwhile, it is one. A hold may have come, too.
            if not due.filter(pk=spare.pk).update(is_doomed=True):
                continue
            destroy_key(spare.name)
            if spare.name.endswith("/"):
                storage.delete_folder(spare.name.removesuffix("/"))
            else:
                storage.delete(spare.name)
        except storage.StorageFault as fault:
            log.warning(
                "spare_source_not_removed", video_id=spare.video_id, error=fault.facts.get("error", "")
            )
            continue
        spare.delete()
        removed += 1
    return removed


def _is_needed(spare: SpareSource) -> bool:
    """Tell whether a spare source may be all that there is of its video: the rows may be those of an older moment.

    Raises: StorageFault.
    """
    video = Video.objects.filter(pk=spare.video_id).exclude(status=states.DELETING).first()
    if video is None or not video.source_upload_id:
        return False
    if not spare.name.startswith(f"{layout.sources_folder(video.project_id, video.pk)}/"):
        return False
    present = layout.source_name(video.project_id, video.pk, video.source_upload_id, video.source_version)
    if spare.name != present and storage.exists(present):
        return False
    log.error("spare_source_kept", video_id=video.pk, name=spare.name, present=present)
    return True
