"""Keeps a lease while its holder works: renewed from a thread of its own, given up once it can't be held."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import Error, connection

from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.shared_clock import since_boot_s

log = structlog.get_logger(__name__)
MOST_APART_S = 2.0
_held: set[KeptLease] = set()
_stopping = threading.Event()


class KeptLease(ABC):
    """Calls `renew` for as long as it is `held`; `check()` raises once it is lost."""

    lost_words = "The lease of this work was lost."

    def __init__(self, name: str, *, lease_s: float) -> None:
        self.name, self.lease_s = name, lease_s
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{name}", daemon=True)

    @abstractmethod
    def renew(self) -> bool:
        """Write that it is held on; False when it is another worker's by now, or was cancelled."""

    def check(self) -> None:
        """Raises: StaleWork when the lease was lost or the work cancelled."""
        if self._lost.is_set():
            raise StaleWork(self.lost_words, name=self.name)

    def end_work(self) -> None:
        """Let `check` raise from now on."""
        self._lost.set()

    def pause(self, pause_s: float) -> None:
        """Wait, but no longer than the lease is held. Raises: StaleWork."""
        self._lost.wait(pause_s)
        self.check()

    def give_back(self) -> bool:
        """Let another worker have it at once, for this one is told to stop; False: it is kept until its end."""
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Renew for as long as the block runs."""
        self._thread.start()
        _held.add(self)
        try:
            if is_stopping() and self.give_back():  # told to stop between the claim and here
                self.end_work()
            yield
        finally:
            _held.discard(self)
            self._ended.set()
            self._thread.join()

    def _keep(self) -> None:
        try:
            self._renew_until_ended_or_lost()
        except Exception:  # all kinds: nobody above would ever see what ended a thread
            log.exception("lease_keeper_broke", lease=self.name)
        finally:
            # Whatever ended this thread: a lease that nobody renews is not held.
            if not self._ended.is_set():
                self._lost.set()
            connection.close()

    def _renew_until_ended_or_lost(self) -> None:
        valid_until_s = (
            since_boot_s() + self.lease_s
        )  # who sleeps with its machine holds it no longer for that
        while not self._ended.wait(min(MOST_APART_S, self.lease_s / 4)):
            asked_at_s = since_boot_s()  # a slow answer does not make the lease longer
            try:
                valid_until_s = asked_at_s + self.lease_s if self.renew() else float("-inf")
            except Error as error:
                connection.close()  # it may be broken for good; the next renewal opens another
                # Unreachable is not lost, until the lease would have run out for everyone else to see.
                log.warning("lease_not_renewed", lease=self.name, error=str(error))
            # Between renewals others may need it: where a pool lends connections, it goes back.
            connection.close_if_unusable_or_obsolete()
            if since_boot_s() >= valid_until_s:
                return


def is_stopping() -> bool:
    """Tell whether this process takes no more work."""
    return _stopping.is_set()


def give_all_back() -> int:
    """Take no more work, and give back what is under way here and can be; returns how many leases.

    For a process that is told to stop: its work goes to others at once, and not when its leases run out.
    """
    _stopping.set()
    given = 0
    for lease in list(_held):
        try:
            is_given = lease.give_back()
        except GilfoyleError as error:
            log.warning("lease_not_given_back", lease=lease.name, error=str(error))
            continue
        except Error as error:
            connection.close()
            log.warning("lease_not_given_back", lease=lease.name, error=str(error))
            break  # who ends this process waits for some seconds alone, which go on each question to a silent database
        if is_given:
            given += 1
            lease.end_work()
    return given
