"""When a delivery is tried again, and for how long an endpoint is left alone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Of the Standard Webhooks scheme: each pause follows upon the try before it; about three days in all.
PAUSES_S = (
    *(0, 5, 5 * 60, 30 * 60),
    *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)),
)
LONGEST_WAIT_S = 24 * 3600
THROTTLES = frozenset({429, 502, 504})
THROTTLED_S = 5
PATIENCE = 3  # failures in a row before an endpoint is left alone
LONGEST_REST_S = 300


def pause_before_next_s(tries: int, *, retry_after_s: float | None = None) -> float | None:
    """Return how long to wait after so many tries, at least as long as the receiver asks for; None: no more."""
    if tries >= len(PAUSES_S):
        return None
    return max(float(PAUSES_S[tries]), min(retry_after_s or 0.0, LONGEST_WAIT_S))


def rest_of_endpoint_s(failures: int, *, status: int | None, retry_after_s: float | None = None) -> float:
    """Return for how long nothing else is sent to an endpoint after so many failures in a row.

    One that is busy says so at once; one that fails again and again is asked less and less, up to every five minutes.
    """
    asked_s = min(retry_after_s or 0.0, LONGEST_WAIT_S)
    if status in THROTTLES or asked_s:
        return max(asked_s, THROTTLED_S)
    if failures < PATIENCE:
        return 0.0
    return float(min(THROTTLED_S * 2 ** min(failures - PATIENCE, 10), LONGEST_REST_S))


def read_retry_after(text: str, *, now: datetime) -> float | None:
    """Return how many seconds a `Retry-After` header asks for, given as seconds or a date; None where it says nothing."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(min(int(text[:10]), LONGEST_WAIT_S))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), float(LONGEST_WAIT_S))
