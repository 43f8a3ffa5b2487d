"""Reads the figures of rows for a scrape: within a time limit, and for all who ask within a few seconds at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from gilfoyle.lib.errors import Fault
from gilfoyle.lib.queue import close_old_connections
from gilfoyle.observability.figures import GROUPS, READABLE, Group, Values

KEPT_S = 5.0
QUERY_LIMIT_S = 2.0
LIMIT_S = 6.0  # for all together: Prometheus waits for ten seconds
_SQLITE_STEPS = 10_000  # of its virtual machine between two looks at the clock
log = structlog.get_logger(__name__)
Found = dict[str, list[tuple[Values, float]]]


class Figures:
    """What rows tell, as it was at most KEPT_S ago; shared by threads."""

    def __init__(
        self, groups: tuple[Group, ...] = GROUPS, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._groups, self._clock = groups, clock
        self._lock = threading.Lock()
        self._found: Found = {}
        self._good_until_s = 0.0

    def get(self) -> Found:
        """Return each figure's values; what could not be read is not there."""
        with self._lock:  # one reads, the others wait for it
            if self._clock() >= self._good_until_s:
                self._found = self._read()
                self._good_until_s = self._clock() + KEPT_S
            return self._found

    def _read(self) -> Found:
        began_s, now = self._clock(), timezone.now()
        found: Found = {}
        for group in self._groups:
            is_in_time = self._clock() - began_s < LIMIT_S
            read = self._read_group(group, now) if is_in_time else None
            found.setdefault(READABLE.name, []).append(((group.name,), float(read is not None)))
            found |= read or {}
        return found

    def _read_group(self, group: Group, now: datetime) -> Found | None:
        found: Found = {}
        close_old_connections()
        try:
            with limited(QUERY_LIMIT_S) if group.is_rows else _unlimited():
                for name, values, amount in group.read(settings.GILFOYLE, now):
                    found.setdefault(name, []).append((values, amount))
        except (DatabaseError, Fault, OSError) as error:
            log.warning("figures_not_read", group=group.name, error=type(error).__name__)
            return None
        finally:
            close_old_connections()
        return found


@contextmanager
def _unlimited() -> Iterator[None]:
    yield


@contextmanager
def limited(most_s: float) -> Iterator[None]:
    """Let the database end each query of this thread that takes longer.

    Raises: DatabaseError, where one did.
    """
    if connection.vendor == "sqlite":
        # No transaction: here one takes the writers' lock.
        connection.ensure_connection()
        until_s = time.monotonic() + most_s
        connection.connection.set_progress_handler(lambda: time.monotonic() > until_s, _SQLITE_STEPS)
        try:
            yield
        finally:
            connection.connection.set_progress_handler(None, 0)
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(most_s * 1000)}")
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")  # of a transaction around this one
