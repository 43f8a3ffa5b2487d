"""Which of several processes acts: the one that holds a lease, renewed from a thread of its own.

No moment is compared with another machine's. Who stands by takes over when it has watched the lease for its whole length,
by its own clock, and nobody renewed it. Who holds it stops acting after two thirds of that length without an answer, counted
from before it asked. So a clock that is set, on any machine or in the database, gives no lease away, and two act at once
only where a whole machine stood still and woke up (its clocks may not know): until its next renewal, moments later. For that
moment every sweep is made so that doing it twice is harmless.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from gilfoyle.lib.metrics import counter
from gilfoyle.lib.queue import close_old_connections
from gilfoyle.lib.shared_clock import since_boot_s
from gilfoyle.scheduling.leases import Leases, LeasesUnreachable, Seen

TAKEOVERS = counter("gilfoyle_scheduler_takeovers", "How often a scheduler began to act.")
LOSSES = counter(
    "gilfoyle_scheduler_losses", "How often a scheduler stopped acting because it could not renew its lease."
)
NAME = "scheduler"
ACTS_FOR = (
    2 / 3
)  # of the lease; the rest is for clocks that run at different speed, and for what is on its way
RENEWALS = 5  # in the time of a lease
LONGEST_LOOK_S = 1.0
log = structlog.get_logger(__name__)


class NotActing(BaseException):
    """The lease is not held any more. No Exception: no sweep may take it for a fault of its own, and go on."""


def name_holder() -> str:
    """Return a name that no other process has or will have."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{secrets.token_hex(4)}"


class Election:
    """One process's side of it. `acting_clock` counts sleep, `waiting_clock` does not: each errs on the safe side."""

    def __init__(
        self,
        leases: Leases,
        *,
        lease_s: float,
        name: str = NAME,
        acting_clock: Callable[[], float] = since_boot_s,
        waiting_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases, self._lease_s, self._name = leases, lease_s, name
        self._acting_clock, self._waiting_clock = acting_clock, waiting_clock
        self.holder = name_holder()
        self.epoch: int | None = None
        self._acts_until = 0.0
        self._seen: Seen | None = None
        self._seen_at = self._shown_at = 0.0
        self._is_told = self._is_unreachable = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="election", daemon=True)

    def start(self) -> None:
        """Look once, so that whoever is alone acts at once, and from then on in a thread."""
        self.step()
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back; called when nothing acts any more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._lease_s)
        epoch, self.epoch = self.epoch, None
        try:
            if epoch is not None:
                self._leases.release(self._name, self.holder, epoch)
                log.info("scheduler_handed_over", holder=self.holder, epoch=epoch)
            self._leases.hide(self._name, self.holder)
        except LeasesUnreachable as error:
            log.warning("scheduler_not_handed_over", error=error.message)

    def may_act(self) -> bool:
        """Tell whether nobody else can have the lease."""
        return self.epoch is not None and self._acting_clock() < self._acts_until

    def guard(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        """Let a connection do no statement without the lease: a wrapper for those of a sweep. Raises: NotActing."""
        asking = context["connection"]
        # Who is in the midst of a transaction on SQLite has its one lock, without which nobody takes or renews a lease.
        if not self.may_act() and not (asking.vendor == "sqlite" and asking.in_atomic_block):
            raise NotActing
        return execute(sql, params, many, context)

    def step(self) -> None:
        """Renew the lease, or see whether it can be taken."""
        try:
            if self.epoch is None:
                self._stand_by()
            else:
                self._renew(self.epoch)
        except LeasesUnreachable as error:
            if not self._is_unreachable:
                log.warning("scheduler_lease_unreachable", error=error.message)
            self._is_unreachable = True
            self._seen = None  # who could not look has not watched
        else:
            self._is_unreachable = False

    def _renew(self, epoch: int) -> None:
        asked_at = self._acting_clock()  # a slow answer does not make the lease longer
        if self._leases.renew(self._name, self.holder, epoch):
            self._acts_until = asked_at + self._lease_s * ACTS_FOR
            return
        self.epoch, self._seen, self._is_told = None, None, False
        LOSSES.add()
        log.warning("scheduler_lease_lost", holder=self.holder, epoch=epoch)

    def _stand_by(self) -> None:
        seen = self._leases.look(self._name)
        now = self._waiting_clock()  # only now: it was like this when the answer came, not before
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        if not seen.holder or now - self._seen_at >= self._lease_s:
            asked_at = self._acting_clock()
            epoch = self._leases.take(self._name, self.holder, seen)
            if epoch is not None:
                self._begin(epoch, asked_at, seen.holder)
                return
        if not self._is_told:
            log.info("scheduler_stands_by", holder=self.holder, acting=seen.holder)
            self._is_told = True
        if now - self._shown_at >= self._lease_s / 2 or not self._shown_at:
            self._leases.show(self._name, self.holder)
            self._shown_at = now

    def _begin(self, epoch: int, asked_at: float, before: str) -> None:
        self._acts_until = asked_at + self._lease_s * ACTS_FOR
        self.epoch = epoch
        self._shown_at = 0.0
        TAKEOVERS.add()
        log.info("scheduler_acts", holder=self.holder, epoch=epoch, instead_of=before)
        self._leases.hide(self._name, self.holder)

    def _keep(self) -> None:
        while not self._ended.wait(min(LONGEST_LOOK_S, self._lease_s / RENEWALS / 2)):
            try:
                # Its own is renewed half as often as others look at it: a look is a read.
                is_due = self._acting_clock() >= self._acts_until - self._lease_s * (ACTS_FOR - 1 / RENEWALS)
                if self.epoch is None or is_due:
                    self.step()
                    # Where a pool lends connections, it goes back.
                    close_old_connections()
            except Exception:  # all kinds: without this thread nobody would ever act here again
                log.exception("election_broke")
