"""An upload's statuses and the moves between them."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

RECEIVING = "receiving"
FINISHED = "finished"
ABORTED = "aborted"

STATUSES = (RECEIVING, FINISHED, ABORTED)
TRANSITIONS: Transitions = {
    RECEIVING: frozenset({FINISHED, ABORTED}),
    FINISHED: frozenset(),
    ABORTED: frozenset(),
}


def leading_to(wanted: str) -> tuple[str, ...]:
    """Return the statuses that the table lets become `wanted`."""
    return tuple(status for status, moves in TRANSITIONS.items() if wanted in moves)
