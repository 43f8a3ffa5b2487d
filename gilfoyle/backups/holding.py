"""While a backup copies objects, no sweep removes what a video or a player does not need any more: its rows may name it.

A sign of life in the table of leases says so. One that was killed holds nothing for longer than a few minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog
from django.db.models.functions import Now

from gilfoyle.lib.ids import random_text
from gilfoyle.lib.leases import KeptLease
from gilfoyle.scheduling.leases import DatabaseLeases, LeasesUnreachable, presences_of
from gilfoyle.scheduling.models import Lease

log = structlog.get_logger(__name__)
NAME = "backup"
COUNTS_FOR = timedelta(minutes=5)


class _Hold(KeptLease):
    def renew(self) -> bool:
        try:
            DatabaseLeases().show(NAME, self.name)
        except LeasesUnreachable as error:  # a sweep can't ask it either
            log.warning("backup_hold_not_renewed", error=error.message)
        return True


@contextmanager
def holding() -> Iterator[None]:
    """Keep the sweeps from removing what was replaced.

    Raises: LeasesUnreachable.
    """
    hold = _Hold(random_text(22), lease_s=COUNTS_FOR.total_seconds())
    DatabaseLeases().show(NAME, hold.name)
    try:
        with hold.held():
            yield
    finally:
        with suppress(LeasesUnreachable):
            DatabaseLeases().hide(NAME, hold.name)


def is_backing_up() -> bool:
    """Tell whether a backup copies objects now."""
    signs = Lease.objects.filter(pk__startswith=presences_of(NAME), renewed_at__gt=Now() - COUNTS_FOR)
    return signs.exists()


def unless_backing_up(sweep: Callable[[], object]) -> Callable[[], object]:
    """Return a sweep that waits while a backup is taken."""
    return lambda: 0 if is_backing_up() else sweep()
