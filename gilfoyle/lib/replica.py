"""Reads that may be a little late, from a copy of the database where there is one.

Asked for by name, list by list: never by the gate, never by who reads what they have just written, never inside a transaction.
"""

from __future__ import annotations

import math
import time
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError, connections
from django.db.models import Model, QuerySet

from gilfoyle.lib.databases import DEFAULT, REPLICA

STAND_BACK_S = 30.0
LONG_LAG_S = 30.0
# Nothing is behind where all that came was applied, however long ago that was: as long as somebody still sends.
_LAG = """
SELECT pg_is_in_recovery(),
    CASE WHEN pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()
        AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0
    ELSE EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
"""
RowT = TypeVar("RowT", bound=Model)
log = structlog.get_logger(__name__)


def replica_lag_s() -> float | None:
    """Return how far the copy is behind, in seconds, for ever where it can't tell; None where it follows nobody.

    Raises: DatabaseError.
    """
    follows, lag_s = _ask(_LAG)
    if not follows:
        return None
    return math.inf if lag_s is None else float(lag_s)


def _ask(statement: str) -> tuple[Any, ...]:
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(statement)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


class WritesToDefault:
    """Django's router: rows that were read from the copy are written where all are, and only there are tables made."""

    def db_for_write(self, _model: type[Model], **_hints: Any) -> str:
        return DEFAULT

    def allow_relation(self, _one: Model, _other: Model, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db != REPLICA


class Replica:
    """The copy, and whether it can be asked: one that can't be, or is far behind, is left alone for a while."""

    def __init__(self) -> None:
        self._away_until = 0.0
        self._near_until = 0.0

    def rows(self, rows: QuerySet[RowT]) -> QuerySet[RowT]:
        """Return the same rows, to be read from the copy where that can be done."""
        if REPLICA not in connections or connections[DEFAULT].in_atomic_block or not self._answers():
            return rows
        return rows.using(REPLICA)

    def _answers(self) -> bool:
        now = time.monotonic()
        if now < self._away_until:
            return False
        try:
            copy = connections[REPLICA]
            # One that was open before is tried first: its server may have gone since.
            copy.close_if_health_check_failed()
            copy.ensure_connection()
            wrong = self._far_behind(copy.vendor, now)
        except DatabaseError as error:
            wrong = str(error)
        if wrong:
            self._away_until = now + STAND_BACK_S
            log.warning("replica_away", error=wrong)
        return not wrong

    def _far_behind(self, vendor: str, now: float) -> str:
        """Return in words that the copy shows an old state; asked now and then, and of PostgreSQL alone."""
        if vendor != "postgresql" or now < self._near_until:
            return ""
        lag_s = replica_lag_s()
        if lag_s is None:
            return "it follows no other server"
        if lag_s > LONG_LAG_S:
            return f"it is {lag_s:.0f} s behind"
        self._near_until = now + STAND_BACK_S
        return ""


replica = Replica()
