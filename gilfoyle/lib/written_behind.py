"""Writes in the background what threads note in memory, and the rest when the process ends: no request waits for a row."""

from __future__ import annotations

import atexit
import threading
from abc import ABC, abstractmethod

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
        self._stop, self._hurry = threading.Event(), threading.Event()

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
        self._hurry.set()

    def stop(self) -> None:
        """Write what is left, as at the end of a process; where nothing was ever noted nothing is."""
        if self._thread is None:
            return
        self._stop.set()
        self._hurry.set()
        self._flush_safely()

    def _run(self) -> None:
        while not self._stop.is_set():
            is_hurried = self._hurry.wait(self._every_s)
            self._flush_safely()
            if is_hurried:
                self._stop.wait(HURRY_S)

    def _flush_safely(self) -> None:
        close_old_connections()
        try:
            self.flush()
        except Exception:
            # Whatever it was, what is noted from now on is written.
            log.exception("not_written", what=self.name)
        finally:
            close_old_connections()
