"""The loop that runs the sweeps: each turn all of them, one after the other, until told to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event

import structlog

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
                log.exception("sweep_failed", sweep=name)
        after_turn()
        stop.wait(every_s)
