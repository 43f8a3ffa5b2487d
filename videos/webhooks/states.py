"""A delivery's statuses and the moves between them. Pure."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

WAITING = "waiting"
SENDING = "sending"
DELIVERED = "delivered"
FAILED = "failed"

STATUSES = (WAITING, SENDING, DELIVERED, FAILED)
ENDED = (DELIVERED, FAILED)
TRANSITIONS: Transitions = {
    WAITING: frozenset({SENDING, FAILED}),
    SENDING: frozenset({WAITING, DELIVERED, FAILED}),
    DELIVERED: frozenset({WAITING}),  # replayed
    FAILED: frozenset({WAITING}),
}

# Why an endpoint is disabled.
BY_OWNER = "owner"
GONE = "gone"
FAILING = "failing"
BACKLOG = "backlog"  # more waited for it than may
REASONS = (BY_OWNER, GONE, FAILING, BACKLOG)


def leading_to(wanted: str) -> tuple[str, ...]:
    """Return the statuses that the table lets become `wanted`."""
    return tuple(status for status, moves in TRANSITIONS.items() if wanted in moves)
