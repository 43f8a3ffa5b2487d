"""The loop that runs the sweeps: each turn all of them, one after the other, until told to stop, where this process acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import structlog
from django.db import connection

from gilfoyle.lib.metrics import counter, moment
from gilfoyle.scheduling.election import Election, NotActing

LAST_TURN = moment(
    "gilfoyle_scheduler_last_turn_timestamp_seconds",
    "When the scheduler last went through all of its sweeps.",
)
SWEEP_FAILURES = counter("gilfoyle_sweep_failures", "Sweeps that failed; the log says which, and why.")
log = structlog.get_logger(__name__)

Sweep = Callable[[], object]
Sweeps = Mapping[str, Sweep]


def run_scheduler(
    election: Election,
    *,
    acting: Callable[[], Sweeps],
    standing_by: Sweeps,
    stop: Event,
    every_s: float,
    after_turn: Callable[[], None],
) -> None:
    """Run the sweeps every `every_s` seconds until `stop` is set: all of them while this process acts, else its own machine's.

    `acting` is asked anew each time that it begins to act: what a sweep remembers is of the time before. Its lease is given
    back at the end.
    """
    election.start()
    try:
        sweeps: Sweeps | None = None
        while not stop.is_set():
            if election.may_act():
                sweeps = sweeps if sweeps is not None else acting()
                _act(election, sweeps, stop)
            else:
                sweeps = None
                _run_turn(standing_by, stop)
            after_turn()
            stop.wait(every_s)
    finally:
        election.stop()


def _act(election: Election, sweeps: Sweeps, stop: Event) -> None:
    """Do one turn, with no statement beyond the lease, and none but a transaction's own once told to stop."""

    def guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        # A sweep may take minutes, and whoever stops this process would kill it first.
        if stop.is_set() and not context["connection"].in_atomic_block:
            raise NotActing
        return election.guard(execute, sql, params, many, context)

    try:
        with connection.execute_wrapper(guard):
            if _run_turn(sweeps, stop):
                LAST_TURN.note(time.time())
    except NotActing:
        log.info("sweeps_broken_off", is_stopped=stop.is_set())


def _run_turn(sweeps: Sweeps, stop: Event) -> bool:
    """Run them one after the other; a failing one is logged and tried again. False where it was told to stop."""
    for name, sweep in sweeps.items():
        if stop.is_set():
            return False
        try:
            sweep()
        except Exception:
            # Whatever it was, the other sweeps and the next turn must not suffer from it.
            SWEEP_FAILURES.add()
            log.exception("sweep_failed", sweep=name)
    return True
