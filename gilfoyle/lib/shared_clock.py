"""The time by which leases run: the database's, which all machines share, and never that of one machine's clock.

A machine whose clock is wrong, or jumps, would else take others' work away from them, or keep its own for ever after it died.
The database is asked once a minute; in between this machine counts the seconds, which it does right whatever its clock says.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from django.db import connection
from django.utils import timezone

ASK_AGAIN_S = 60.0
WRONG_S = 2.0  # less than this is told of nobody's clock
log = structlog.get_logger(__name__)
_anchor: tuple[float, datetime] | None = (
    None  # when it was asked, in seconds that this machine counts; what it said
)


def shared_now() -> datetime:
    """Return what time it is for all machines.

    Raises: the database's errors.
    """
    if connection.vendor == "sqlite":
        return timezone.now()  # there is one machine
    anchor = _anchor
    if anchor is None or since_boot_s() - anchor[0] > ASK_AGAIN_S:
        anchor = _ask()
    return anchor[1] + timedelta(seconds=since_boot_s() - anchor[0])


def since_boot_s() -> float:
    """Return the seconds of a clock that nobody sets, and that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _ask() -> tuple[float, datetime]:
    global _anchor  # noqa: PLW0603 - one for the process
    connection.ensure_connection()
    began_s = since_boot_s()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        said: datetime = cursor.fetchone()[0]
    ended_s = since_boot_s()
    wrong_s = (timezone.now() - said).total_seconds()
    if abs(wrong_s) > WRONG_S:
        log.warning(
            "clock_is_wrong", ahead_of_database_s=round(wrong_s, 1), hint="Keep this machine's clock by NTP."
        )
    _anchor = ((began_s + ended_s) / 2, said)
    return _anchor
