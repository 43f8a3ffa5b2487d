"""When the exposure self-test runs: every interval, beside the other sweeps, which must not wait for its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.queue import close_old_connections
from streaming.exposure.models import INCONCLUSIVE, ExposureTest
from streaming.exposure.services import run_self_test

SETTLE = timedelta(seconds=15)  # the web server may have been started with this
SOON = timedelta(seconds=60)  # after one that could not be run
ASK_EVERY = timedelta(seconds=20)
log = structlog.get_logger(__name__)


class SelfTestSchedule:
    """Starts the self-test when it is due; one a scheduler."""

    def __init__(
        self,
        config: Config,
        *,
        run: Callable[[Config], object] = run_self_test,
        settle: timedelta = SETTLE,
    ) -> None:
        self._config, self._run, self._settle = config, run, settle
        self._ask_at: datetime | None = None
        self._thread: threading.Thread | None = None

    def sweep(self, *, now: datetime | None = None) -> bool:
        """Start a run in a thread of its own where one is due; return whether it did."""
        now = now or timezone.now()
        if self._ask_at is None:
            self._ask_at = now + self._settle
        is_running = self._thread is not None and self._thread.is_alive()
        is_asked = now < self._ask_at
        if not self._config.safety.self_test_interval_s or is_running or is_asked:
            return False
        self._ask_at = now + ASK_EVERY
        if now < due_at(self._config.safety.self_test_interval_s, now=now):
            return False
        self._thread = threading.Thread(target=self._run_safely, name="self-test", daemon=True)
        self._thread.start()
        return True

    def wait(self) -> None:
        """Wait until the run that was started is over."""
        if self._thread is not None:
            self._thread.join()

    def _run_safely(self) -> None:
        try:
            self._run(self._config)
        except Exception:
            # Whatever it was, it is tried again when it is next due.
            log.exception("self_test_failed")
        finally:
            close_old_connections()


def due_at(interval_s: int, *, now: datetime) -> datetime:
    """Return when the next run is due; the first is at once."""
    last = list(ExposureTest.objects.order_by("-started_at")[:2])
    if not last:
        return now
    interval = timedelta(seconds=interval_s)
    has_just_begun = last[0].outcome == INCONCLUSIVE and (len(last) < 2 or last[1].outcome != INCONCLUSIVE)
    return last[0].started_at + (min(SOON, interval) if has_just_begun else interval)
