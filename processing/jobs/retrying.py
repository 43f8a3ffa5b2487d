"""Brings a finished result into the database although the database stumbles: hours of encoding hang on one commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from django.db import OperationalError

from gilfoyle.lib.queue import close_old_connections

log = structlog.get_logger(__name__)
PAUSES_S = (0.1, 0.3, 1.0, 3.0)


def persist(
    transact: Callable[[], None],
    *,
    heartbeat: Callable[[], None],
    is_done: Callable[[], bool] = lambda: False,
    pauses_s: Sequence[float] = PAUSES_S,
) -> None:
    """Run one whole transaction; again, after a pause, when it met a lock or a lost connection (a lost race repeats itself).

    `is_done` tells whether an earlier try was committed although its answer was lost. Call it outside of any
    transaction: a part of one can't be tried again.
    Raises: OperationalError when the last try failed too; whatever `heartbeat` and `transact` raise.
    """
    for attempt, pause_s in enumerate((*pauses_s, None)):
        close_old_connections()  # idle through a whole encode, the connection may have been cut
        try:
            if attempt:
                if is_done():
                    return
                heartbeat()
            transact()
        except OperationalError as error:
            if pause_s is None:
                raise
            log.warning("result_not_recorded_yet", attempt=attempt + 1, error=str(error))
            time.sleep(pause_s)
        else:
            return
