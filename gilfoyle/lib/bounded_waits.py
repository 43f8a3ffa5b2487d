"""Asks who may never answer, and waits for a moment only: a server that is silent must not hold the thread of a request."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

PATIENCE_S = 3.0


class BoundedWaits:
    """Does one thing after the other in a thread of its own, which keeps its connections; nobody waits for long.

    While that thread is held up everybody is told so at once, and what was not begun is forgotten.
    """

    def __init__(self, name: str, *, patience_s: float = PATIENCE_S) -> None:
        self._name, self._patience_s = name, patience_s
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._owner_pid = 0
        self._began_at: float | None = None

    def do(self, task: Callable[[], Any]) -> Any:
        """Return what a task returns.

        Raises: TimeoutError where it took too long, or an earlier one still does; whatever the task raises.
        """
        self._begin_thread()
        began_at = self._began_at
        if began_at is not None and time.monotonic() - began_at > self._patience_s:
            raise TimeoutError(self._words())
        asked: Future[Any] = Future()
        self._waiting.put((asked, task))
        try:
            return asked.result(self._patience_s)
        except TimeoutError:
            if asked.done() and not asked.cancelled():  # the task's own word
                raise
            asked.cancel()
            raise TimeoutError(self._words()) from None

    def _words(self) -> str:
        return f"{self._name}: no answer within {self._patience_s:g} s"

    def _begin_thread(self) -> None:
        with self._lock:
            if self._owner_pid != os.getpid():  # a thread does not survive a fork
                self._owner_pid, self._waiting, self._began_at = os.getpid(), SimpleQueue(), None
                # A daemon: a process that ends does not wait for who never answers.
                threading.Thread(
                    target=self._work, args=(self._waiting,), name=self._name, daemon=True
                ).start()

    def _work(self, waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]]) -> None:
        while True:
            asked, task = waiting.get()
            if not asked.set_running_or_notify_cancel():
                continue
            self._began_at = time.monotonic()
            try:
                asked.set_result(task())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                asked.set_exception(error)
            finally:
                self._began_at = None
