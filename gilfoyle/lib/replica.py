"""Reads that may be a little late, from a copy of the database where there is one.

Asked for by name, list by list: never by the gate, never by who reads what they have just written, never inside a transaction.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar

import structlog
from django.db import OperationalError, connections
from django.db.models import Model, QuerySet

from gilfoyle.lib.databases import DEFAULT, REPLICA

STAND_BACK_S = 30.0
RowT = TypeVar("RowT", bound=Model)
log = structlog.get_logger(__name__)


class WritesToDefault:
    """Django's router: rows that were read from the copy are written where all are, and only there are tables made."""

    def db_for_write(self, _model: type[Model], **_hints: Any) -> str:
        return DEFAULT

    def allow_relation(self, _one: Model, _other: Model, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db != REPLICA


class Replica:
    """The copy, and whether it can be asked: one that can't be is left alone for a while."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def rows(self, rows: QuerySet[RowT]) -> QuerySet[RowT]:
        """Return the same rows, to be read from the copy where that can be done."""
        if REPLICA not in connections or connections[DEFAULT].in_atomic_block or not self._answers():
            return rows
        return rows.using(REPLICA)

    def _answers(self) -> bool:
        if time.monotonic() < self._away_until:
            return False
        try:
            connections[REPLICA].ensure_connection()
        except OperationalError as error:
            self._away_until = time.monotonic() + STAND_BACK_S
            log.warning("replica_away", error=str(error))
            return False
        return True


replica = Replica()
