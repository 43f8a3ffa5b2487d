"""News inside the house: a publisher's transaction runs every handler, or nothing happened.

Handlers may write rows; everything else they put off to commit (`lib/queue.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction


class Event:
    """A fact in the past tense. Subclasses are frozen dataclasses that hold ids only."""


EventT = TypeVar("EventT", bound=Event)
_handlers: dict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[EventT]) -> Callable[[Callable[[EventT], None]], Callable[[EventT], None]]:
    """Connect a function to an event type; used as a decorator in `subscribers.py`."""

    def connect(handler: Callable[[EventT], None]) -> Callable[[EventT], None]:
        _handlers[event_type].append(handler)
        return handler

    return connect


def publish(event: Event) -> None:
    """Run the event's handlers now, inside the caller's transaction.

    Raises: RuntimeError outside of a transaction; whatever a handler raises, which undoes the change too.
    """
    if not transaction.get_connection().in_atomic_block:
        message = f"{type(event).__name__} must be published inside the transaction that makes it true."
        raise RuntimeError(message)
    for handler in _handlers[type(event)]:
        handler(event)


def handlers() -> dict[str, list[str]]:
    """Return who hears what: event name to the dotted names of its handlers."""
    return {
        event_type.__name__: [f"{handler.__module__}.{handler.__qualname__}" for handler in connected]
        for event_type, connected in sorted(_handlers.items(), key=lambda item: item[0].__name__)
        if connected
    }
