"""Databases that stumble: chosen statements fail, or meet a connection that was cut, as many times as is wished."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created


class Stumble:
    """A wrapper of statements that does `harm` (which may raise) to the first `times` of them that hold `part`."""

    def __init__(self, harm: Callable[[], None], *, part: str = "", times: int = 1) -> None:
        self._harm, self._part, self._left = harm, part, times
        self.met = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._left and self._part in sql:
            self._left -= 1
            self.met += 1
            self._harm()
        return execute(sql, params, many, context)


def break_first_connection() -> Callable[[], None]:
    """Return a harm that lets the first connection that it meets fail for good, and no other."""
    broken: list[Any] = []

    def harm() -> None:
        if not broken:
            broken.append(connection.connection)
        if connection.connection is broken[0]:
            message = "the connection is closed"
            raise OperationalError(message)

    return harm


def cut_idle_connection() -> None:
    """Close a connection behind Django's back that has not been used for longer than Django trusts one."""
    connection.connection.close()
    connection.close_at = 0


@contextmanager
def stumbling_threads(prefix: str, stumble: Stumble) -> Iterator[None]:
    """Put `stumble` on the connections that threads of this name open meanwhile."""

    def put(**given: Any) -> None:
        wrappers = given["connection"].execute_wrappers
        if threading.current_thread().name.startswith(prefix) and stumble not in wrappers:
            wrappers.append(stumble)

    connection_created.connect(put)
    try:
        yield
    finally:
        connection_created.disconnect(put)
