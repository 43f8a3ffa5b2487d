"""The loop that runs the sweeps: each turn all of them, one after the other, until told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event

import structlog

from gilfoyle.lib.metrics import counter, moment

LAST_TURN = moment(
    "gilfoyle_scheduler_last_turn_timestamp_seconds",
    "When the scheduler last went through all of its sweeps.",
)
SWEEP_FAILURES = counter("gilfoyle_sweep_failures", "Sweeps that failed; the log says which, and why.")
log = structlog.get_logger(__name__)

Sweep = Callable[[], object]


def run_sweeps(
    sweeps: Mapping[str, Sweep], *, stop: Event, every_s: float, after_turn: Callable[[], None]
) -> None:
    """Run the sweeps every `every_s` seconds until `stop` is set; a failing sweep is logged and tried again."""
    while not stop.is_set():
        for name, sweep in sweeps.items():
            if stop.is_set():
                return
            try:
                sweep()
            except Exception:
                # Whatever it was, the other sweeps and the next turn must not suffer from it.
                SWEEP_FAILURES.add()
                log.exception("sweep_failed", sweep=name)
        LAST_TURN.note(time.time())
        after_turn()
        stop.wait(every_s)
