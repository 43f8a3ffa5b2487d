"""The revocations as a web process knows them: read whole at first and now and then, otherwise what is new of them.

What is new is read with an overlap, so that a row that was committed late, or by a machine whose clock goes slow, is not
missed. A process that could not read for a while reads all again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from streaming.revocations.denials import Denial, Denials

OVERLAP_S = 60.0
WHOLE_EVERY_S = 600.0


class KnownDenials:
    """The revocations, never older than `max_age_s`. `load(None)` reads all, `load(seconds)` those of the last seconds."""

    def __init__(
        self,
        load: Callable[[float | None], Sequence[Denial]],
        *,
        max_age_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._max_age_s = max_age_s
        self._clock = clock
        self._lock = threading.Lock()
        self._denials = Denials()
        self._true_at_s = self._whole_at_s = float("-inf")

    def get(self) -> Denials:
        """Return what is revoked now, or was less than `max_age_s` ago.

        Whatever reading raises rises.
        """
        if self._clock() - self._true_at_s >= self._max_age_s:
            with self._lock:
                if self._clock() - self._true_at_s >= self._max_age_s:  # none was waiting for the same
                    self._renew()
        return self._denials

    def renew(self) -> None:
        """Read what is new; whatever that raises rises, and what is known goes on ageing."""
        with self._lock:
            self._renew()

    def _renew(self) -> None:
        now_s = self._clock()
        is_whole_wanted = (
            now_s - self._whole_at_s >= WHOLE_EVERY_S or now_s - self._true_at_s >= OVERLAP_S / 2
        )
        if is_whole_wanted:
            self._denials = Denials(self._load(None))
            self._whole_at_s = now_s
        else:
            self._denials.add(self._load(OVERLAP_S))
        self._true_at_s = now_s

    def forget(self) -> None:
        """Read all again before the next answer."""
        with self._lock:
            self._true_at_s = self._whole_at_s = float("-inf")
