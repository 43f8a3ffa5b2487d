"""What the scheduler does for the audit: link what was left, sign, remove what is over, verify a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.utils import timezone

from gilfoyle.lib.config import Config
from videos.audit.checking import keep_verdict, verify_in_pages
from videos.audit.checkpoints import (
    erase_personal,
    keep_checkpoints,
    prune_entries,
    witness_folder,
)
from videos.audit.models import ONLY_ROW, AuditCheck
from videos.audit.services import link_entries
from videos.audit.verifying import Verdict

VERIFIED_EVERY = timedelta(days=1)
TRIED_EVERY = timedelta(minutes=1)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class AuditSchedule:
    """The audit's part of a turn of the scheduler."""

    config: Config
    _next_at: datetime | None = None
    _under_way: Generator[tuple[int, int], None, Verdict] | None = None

    def sweep(self, *, now: datetime | None = None) -> None:
        """Do what is due, each part whatever becomes of the others; the first fault is raised when all had their turn."""
        at = now or timezone.now()
        parts: list[Callable[[], object]] = [
            partial(keep_checkpoints, config=self.config, now=at),
            partial(self._verify, at),
        ]
        if self._next_at is None or at >= self._next_at:
            self._next_at = at + TRIED_EVERY
            days = self.config.safety.audit_retention_days
            # What was pruned is told by an entry, which is linked, too.
            parts += [
                partial(erase_personal, now=at),
                partial(prune_entries, older_than_days=days, now=at),
                link_entries,
            ]
        faults = [fault for part in parts if (fault := _fault_of(part)) is not None]
        if faults:
            raise faults[0]

    def _verify(self, now: datetime) -> None:
        """Look at a page of entries a turn, and once a day at all: the other sweeps must not wait for a million."""
        if self._under_way is None and self._is_due(now):
            self._under_way = verify_in_pages(folder=witness_folder(self.config), now=now)
        verdict = self._advance()
        if verdict is None:
            return
        keep_verdict(verdict, now=now)
        if not verdict.is_whole:
            first = verdict.findings[0]
            log.error("audit_not_whole", found=verdict.found, seq=first.seq, message=first.message)

    def _advance(self) -> Verdict | None:
        # Whatever goes wrong, it begins anew.
        pages, self._under_way = self._under_way, None
        if pages is None:
            return None
        try:
            next(pages)
        except StopIteration as ended:
            verdict: Verdict = ended.value
            return verdict
        self._under_way = pages
        return None

    def _is_due(self, now: datetime) -> bool:
        check = AuditCheck.objects.filter(pk=ONLY_ROW).first()
        return check is None or check.verified_at is None or check.verified_at <= now - VERIFIED_EVERY


def _fault_of(part: Callable[[], object]) -> Exception | None:
    """Do a part; returns what it failed by, which is logged by then."""
    try:
        part()
    except Exception as error:
        log.exception("audit_part_failed")
        return error
    return None
