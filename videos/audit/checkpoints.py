"""Sign how far the chain has come, in the database and in a second place; prune what is old behind a signature."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.audit import witness
from videos.audit.chain import Link, in_words
from videos.audit.models import ONLY_ROW, AuditCheckpoint, AuditEntry, AuditHead, AuditPersonal
from videos.audit.services import link_entries, record
from videos.audit.signing import Mark, MarkKind, keys_of

PRUNED_AT_ONCE = 5000
PRUNED_EVERY = timedelta(days=1)
log = structlog.get_logger(__name__)


def witness_folder(config: Config) -> Path:
    """Return where the second copy of the checkpoints lies."""
    return config.server.data_dir / config.safety.audit_checkpoint_dir


def keep_checkpoints(*, config: Config, now: datetime | None = None) -> bool:
    """Sign where the chain ends if that is due, and write down a second time what is not yet; tells whether it signed."""
    link_entries()
    was_made = make_checkpoint(every_s=config.safety.audit_checkpoint_interval_s, now=now or timezone.now())
    copy_checkpoints(folder=witness_folder(config))
    return was_made


@atomic
def make_checkpoint(*, every_s: float = 0, now: datetime) -> bool:
    """Sign where the chain ends, unless nothing was added or the last signature is younger than `every_s`."""
    if _is_young(every_s, now):
        return False
    head = AuditHead.objects.select_for_update().filter(pk=ONLY_ROW).first()
    # Once more, under the lock: another scheduler may have signed the same end.
    last = _last_signed()
    if head is None or head.seq == (last.seq if last else 0) or _is_young(every_s, now):
        return False
    _sign("checkpoint", Link(head.seq, head.hash), now)
    return True


def _last_signed() -> AuditCheckpoint | None:
    # Not the marks of retention, which come each time that something is removed and say nothing of the end.
    return AuditCheckpoint.objects.filter(kind="checkpoint").order_by("-id").first()


def _is_young(every_s: float, now: datetime) -> bool:
    last = _last_signed()
    return last is not None and last.at > now - timedelta(seconds=every_s)


def _sign(kind: MarkKind, link: Link, now: datetime) -> None:
    mark = keys_of(settings.GILFOYLE_ROOT_SECRET).sign(kind, link, in_words(now))
    AuditCheckpoint.objects.create(
        kind=kind, seq=link.seq, hash=link.hash, at=now, key_id=mark.key_id, signature=mark.signature
    )


def copy_checkpoints(*, folder: Path) -> int:
    """Write to the second place, and to the log, what is not there yet; returns how many.

    Raises: OSError.
    """
    marks = _not_in(folder)
    if not marks:
        return 0
    with witness.held(folder):
        marks = _not_in(folder)  # another scheduler of this machine may have been at it
        if marks:
            witness.add_marks(folder, marks)
    for mark in marks:
        told = witness.describe_mark(mark)
        log.info(
            "audit_checkpoint", **{name: told[name] for name in ("seq", "hash", "at", "key", "signature")}
        )
    return len(marks)


def _not_in(folder: Path) -> list[Mark]:
    newer = AuditCheckpoint.objects.filter(kind="checkpoint", seq__gt=witness.last_seq(folder))
    return [row.mark for row in newer.order_by("seq")]


def prune_entries(*, older_than_days: int, now: datetime | None = None) -> int:
    """Remove the oldest entries whose time is over, and leave a signature of where the chain begins now.

    The one door to deleting entries: the database refuses any other, and `audit verify` finds what went without it.
    Once a day at most, or in turns while more is over: each time leaves a mark and an entry, which are kept for years,
    too. 0 days: for ever. Returns how many were removed, of at most PRUNED_AT_ONCE.
    """
    if not older_than_days:
        return 0
    at = now or timezone.now()
    cutoff = at - timedelta(days=older_than_days)
    oldest = _past(at).annotate(is_over=Q(at__lt=cutoff - PRUNED_EVERY)).values_list("is_over", flat=True)
    return _prune(cutoff, at) if oldest.first() else 0


def _past(now: datetime) -> QuerySet[AuditEntry]:
    """Return the linked entries in their order, without those of no time that can be: they go with the ones behind them.

    Their times are compared by the database alone, for not every one that somebody wrote there can be read.
    """
    return AuditEntry.objects.filter(seq__isnull=False, at__lte=now).order_by("seq")


@atomic
def _prune(cutoff: datetime, now: datetime) -> int:
    head = AuditHead.objects.select_for_update().get(pk=ONLY_ROW)
    some = _past(now).annotate(is_over=Q(at__lt=cutoff)).values_list("seq", "hash", "is_over")
    base: Link | None = None
    for seq, own_hash, is_over in some[:PRUNED_AT_ONCE]:
        if not is_over or seq == head.seq:  # the chain never ends in nothing
            break
        base = Link(seq or 0, own_hash)
    if base is None:
        return 0
    # Signed first: the database lets go of nothing beyond the base.
    _sign("base", base, now)
    head.base_seq = base.seq
    head.save(update_fields=["base_seq"])
    gone = AuditEntry.objects.filter(seq__lte=base.seq)
    AuditPersonal.objects.filter(entry__in=gone).delete()
    count = gone._raw_delete(gone.db)  # noqa: SLF001 - nothing refers to them any more; row by row it would take long
    AuditCheckpoint.objects.filter(seq__lt=base.seq).delete()
    record("audit.pruned", object_type="audit", object_id="", data={"through": base.seq, "entries": count})
    return count


def erase_personal(*, now: datetime | None = None) -> int:
    """Remove the personal parts whose time is over; returns how many. The chain stays whole."""
    over = AuditPersonal.objects.filter(erase_after__lt=now or timezone.now())
    return over.delete()[0] if over.exists() else 0
