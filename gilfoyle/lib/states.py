"""Transition tables: may this status become that one?"""

from __future__ import annotations

from collections.abc import Mapping

from gilfoyle.lib.errors import InvalidTransition

Transitions = Mapping[str, frozenset[str]]


def is_allowed(transitions: Transitions, current: str, wanted: str) -> bool:
    """Tell whether the table has the move."""
    return wanted in transitions[current]


def require_transition(transitions: Transitions, current: str, wanted: str, *, subject: str) -> None:
    """Refuse a move that the table lacks.

    Raises: InvalidTransition.
    """
    if not is_allowed(transitions, current, wanted):
        message = f"A {subject} that is {current} can't become {wanted}."
        raise InvalidTransition(message, current=current, wanted=wanted)
