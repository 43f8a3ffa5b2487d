"""Writes in the background what threads note in memory, and the rest when the process ends: no request waits for a row."""

from __future__ import annotations

import atexit
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog

from gilfoyle.lib.queue import close_old_connections

HURRY_S = 0.2
log = structlog.get_logger(__name__)


class WrittenBehind(ABC):
    """Calls `flush` every so many seconds from the first thing that is noted on, by one thread a process.

    Without `every_s` it is called by its owner alone.
    """

    name = "written-behind"  # of the thread

    def __init__(self, *, every_s: float | None) -> None:
        self._every_s = every_s
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_hurried = self._is_over = False
        # Told by signal handlers, which may come in the midst of each other: an Event's lock would then be waited for
        # by who holds it. This queue may be put to at any point.
        self._told: SimpleQueue[None] = SimpleQueue()

    @abstractmethod
    def flush(self) -> None:
        """Write what was noted; keep for the next time what can't be written now."""

    def begin(self) -> None:
        """Let it be written from now on; called, without the lock, whenever something was noted."""
        if self._thread is not None or self._every_s is None:
            return
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def hurry(self) -> None:
        """Write at once, and in short turns until the end: this process was told to stop, and may be killed soon."""
        if not self._is_hurried:
            self._is_hurried = True
            self._told.put(None)

    def stop(self) -> None:
        """Write what is left, as at the end of a process; where nothing was ever noted nothing is."""
        if self._thread is None:
            return
        self._is_over = True
        self.hurry()
        self._flush_safely()

    def _run(self) -> None:
        while not self._is_over:
            with suppress(Empty):
                self._told.get(timeout=HURRY_S if self._is_hurried else self._every_s)
            self._flush_safely()

    def _flush_safely(self) -> None:
        close_old_connections()
        try:
            self.flush()
        except Exception:
            # Whatever it was, what is noted from now on is written.
            log.exception("not_written", what=self.name)
        finally:
            close_old_connections()
