"""A database under which transactions lose races: whole ones at their commit, or at a statement that writes.

GILFOYLE_TEST_LOST_RACES lets (nearly) the whole suite run so. `each`: every transaction loses once, at its commit, so that all
of them are done twice. A number: the seed of a chance for each, at its commit or at one of its statements.
"""

from __future__ import annotations

import itertools
import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import SerializationFailure

from gilfoyle.lib import transactions

WISHED = os.environ.get("GILFOYLE_TEST_LOST_RACES", "")
EACH = "each"
CHANCE = 0.3
# They count statements, tries, or what is noted of them in memory, which a second try doubles: not done twice.
COUNTING = (
    "gilfoyle/lib/test_transactions.py::",
    "gilfoyle/staff/test_groups.py::test_a_second_time_writes_nothing",
    "gilfoyle/test_admin.py::test_queries_of_the_video_page",
    "processing/jobs/test_worker.py::test_log_lines_of_a_step",
    "videos/catalog/test_restrictions.py::test_terms_are_written",
    "videos/fingerprints/test_services.py::",
    "videos/moderation/test_locking.py::",
    "videos/moderation/test_same_trail.py::",
    "videos/tracks/test_services.py::",
    "videos/uploads/test_granting.py::test_the_video_is_held_before",
    "videos/uploads/test_services.py::test_an_upload_outlives_a_database",
    "videos/uploads/test_services.py::test_uploads_that_begin_at_the_same_moment",
)
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)|.*\bFOR UPDATE\b", re.IGNORECASE | re.DOTALL)


def lost_race() -> OperationalError:
    """Return the error of a lost race as Django raises it: its own, made from the driver's."""
    error = OperationalError("could not serialize access due to concurrent update (not really)")
    error.__cause__ = SerializationFailure("could not serialize access due to concurrent update")
    return error


class Races:
    """Says when a transaction loses."""

    def __init__(self, loses: Callable[[], bool]) -> None:
        self.loses = loses
        self.lost = 0

    @classmethod
    def each_once(cls) -> Races:
        """Let every other commit fail: each transaction is done twice, and those that run at once may be done more often."""
        turns = itertools.cycle([True, False])
        return cls(lambda: next(turns))

    @classmethod
    def by_chance(cls, seed: str) -> Races:
        chance = random.Random(seed)  # noqa: S311 - no secret
        return cls(lambda: chance.random() < CHANCE)

    def run(self) -> None:
        if self.loses():
            self.lost += 1
            raise lost_race()


@contextmanager
def races_lost(races: Races, *, at_statements: bool = False) -> Iterator[None]:
    """Let transactions lose by these races meanwhile; that of a test itself counts as none."""

    @contextmanager
    def begin(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
        connection = connections[using]
        is_whole = _is_outermost(connection)
        with ExitStack() as stack:
            stack.enter_context(transaction.atomic(using=using))
            if is_whole and at_statements:
                stack.enter_context(connection.execute_wrapper(_at_writes(races)))
            yield
            if is_whole:
                races.run()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transactions, "is_outermost", _is_outermost)
        patch.setattr(transactions, "begin", begin)
        patch.setattr(transactions, "FIRST_PAUSE_S", 0.0)
        yield


def _at_writes(races: Races) -> Any:
    is_open = [True]

    def perhaps(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if is_open[0] and _WRITES.match(sql):
            is_open[0] = False  # at the first one, where it is lost at one
            races.run()
        return execute(sql, params, many, context)

    return perhaps


def _is_outermost(connection: BaseDatabaseWrapper) -> bool:
    """Tell the same as transactions.is_outermost, but for the transaction that a test is inside of as a whole."""
    blocks: list[Any] = connection.atomic_blocks
    return not connection.in_atomic_block or (bool(blocks) and blocks[-1]._from_testcase)


def wished_races(nodeid: str) -> Any:
    """Return the context in which a test runs as GILFOYLE_TEST_LOST_RACES says."""
    if nodeid.removeprefix("tests/").startswith(COUNTING):
        return nullcontext()
    if WISHED == EACH:
        return races_lost(Races.each_once())
    return races_lost(Races.by_chance(f"{WISHED}:{nodeid}"), at_statements=True)
