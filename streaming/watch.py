"""The watch of a web process: a thread that, while anything plays, confirms what is known and looks at running sends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import structlog

from streaming.errors import PlaybackUnavailable

EVERY_S = 0.4  # a revocation bites within this and the time of the queries
IDLE_S = 10.0  # after this long without a request there is nothing to watch
log = structlog.get_logger(__name__)


class Watch:
    """Runs `look` every EVERY_S while something is asked for or `is_busy`. The first request of a process starts it."""

    def __init__(
        self,
        look: Callable[[], object],
        *,
        is_busy: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._is_busy = is_busy
        self._clock = clock
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._stirred_at_s = clock()
        self._process_id: int | None = None
        self._is_blind = False

    @property
    def is_awake(self) -> bool:
        return self._awake.is_set()

    def stir(self) -> None:
        """Say that something is asked for; costs next to nothing."""
        self._stirred_at_s = self._clock()
        if not self._awake.is_set():
            self._awake.set()
        if self._process_id != os.getpid():  # a fork has no threads of its parent's
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._process_id == os.getpid():
                return
            self._process_id = os.getpid()
        threading.Thread(target=self._run, name="playback-watch", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            time.sleep(EVERY_S)
            self.turn()

    def turn(self) -> None:
        """Look once, or go to sleep where nothing was asked for lately."""
        # First to sleep, then a look whether that is right: a request that comes in between wakes it again.
        self._awake.clear()
        if not self._is_busy() and self._clock() - self._stirred_at_s > IDLE_S:
            return
        self._awake.set()
        try:
            self._look()
        except PlaybackUnavailable as error:
            if not self._is_blind:  # once an outage
                log.warning("playback_watch_blind", **error.facts)
            self._is_blind = True
        except Exception:
            # Whatever it was: what is known grows old meanwhile, and then requests ask for themselves.
            log.exception("playback_watch_failed")
        else:
            self._is_blind = False
