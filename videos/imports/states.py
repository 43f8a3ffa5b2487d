"""An import's statuses and the moves between them."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

WAITING = "waiting"
FETCHING = "fetching"
FINISHED = "finished"
FAILED = "failed"
CANCELLED = "cancelled"

STATUSES = (WAITING, FETCHING, FINISHED, FAILED, CANCELLED)
LIVE = (WAITING, FETCHING)
TRANSITIONS: Transitions = {
    WAITING: frozenset({FETCHING, CANCELLED}),
    FETCHING: frozenset({WAITING, FINISHED, FAILED, CANCELLED}),
    FINISHED: frozenset(),
    FAILED: frozenset(),
    CANCELLED: frozenset(),
}


def leading_to(wanted: str) -> tuple[str, ...]:
    """Return the statuses that the table lets become `wanted`."""
    return tuple(status for status, moves in TRANSITIONS.items() if wanted in moves)
