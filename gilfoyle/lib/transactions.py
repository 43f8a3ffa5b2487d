"""The one door to transactions: each is done whole, and from its start again where the database says that it lost a race.

PostgreSQL ends one of two transactions that wait for each other; at SERIALIZABLE, and always on CockroachDB, it also ends
those that could not have happened one after the other. Either asks that the same be done once more. So a transaction here is
a function, which can be called again, and never a `with` block, which can't. What it returns or changes besides rows must
come out the same each time: it reads its rows itself, moves no bytes and sends nothing before commit (lib/after_commit.py).
Only the outermost is repeated: within it, its part is undone with the whole.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
R = TypeVar("R")

# serialization_failure and deadlock_detected. Not lock_not_available: who has waited for lock_timeout_s has waited enough.
LOST_RACES = frozenset({"40001", "40P01"})
FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.5
begin = transaction.atomic
log = structlog.get_logger(__name__)


def atomic(function: Callable[P, R], *, using: str = DEFAULT_DB_ALIAS) -> Callable[P, R]:
    """Let each call of a function be one transaction, done again where it lost a race; a part of a larger one where it is in one.

    Raises: Error where it loses races for longer than `database.retry_s`.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        def once() -> R:
            with begin(using=using):
                return function(*args, **kwargs)

        if not is_outermost(transaction.get_connection(using)):
            return once()
        return _until_won(once, getattr(function, "__qualname__", repr(function)))

    return call


@contextmanager
def savepoint() -> Iterator[None]:
    """Undo this part alone where it fails, inside a transaction.

    Raises: RuntimeError outside of one.
    """
    if not transaction.get_connection().in_atomic_block:
        message = "A savepoint is a part of a transaction: make this function atomic."
        raise RuntimeError(message)
    with transaction.atomic():
        yield


def is_outermost(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a transaction that begins now is nobody's part, and so may be repeated."""
    return not connection.in_atomic_block


def is_lost_race(error: BaseException | None) -> bool:
    """Tell whether the database asks by this error, or by one that led to it, that the whole transaction be done again.

    Who handles errors of the database inside a transaction lets this one pass.
    """
    while error is not None:
        if getattr(error, "sqlstate", None) in LOST_RACES:
            return True
        error = error.__cause__
    return False


def repeat_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
    """Do a statement that is a transaction by itself again where it lost a race: a wrapper for each connection."""
    if many or context["connection"].in_atomic_block:
        return execute(sql, params, many, context)
    return _until_won(lambda: execute(sql, params, many, context), sql[:40])


def watch_connection(*, connection: BaseDatabaseWrapper, **_told: Any) -> None:
    """Put the wrapper on a connection that was just made; SQLite has one writer at a time, and nothing to repeat."""
    if connection.vendor != "sqlite" and repeat_statement not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, repeat_statement)


def _until_won(once: Callable[[], R], name: str) -> R:
    ends_at = time.monotonic() + settings.GILFOYLE.database.retry_s
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return once()
        except Exception as error:
            if not is_lost_race(error):
                raise
            if time.monotonic() >= ends_at:
                log.warning("transaction_given_up", name=name, error=str(error))
                raise
            log.info("transaction_repeated", name=name, error=str(error))
        # At random: those who raced would race again.
        time.sleep(random.uniform(0, pause_s))  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
