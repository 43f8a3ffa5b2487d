"""Where leases are kept: the small interface that an election asks, and the database behind it.

Each change is one conditional UPDATE, which is a transaction by itself (`lib/transactions.repeat_statement` does it again
where it lost a race): a holder that freezes never leaves a lock behind that keeps the others from taking over. No advisory
locks, which CockroachDB lacks; no moment is ever compared, so no clock that jumps gives a lease away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from django.db import Error, connection
from django.db.models import F
from django.db.models.functions import Now

from gilfoyle.lib.errors import Fault
from gilfoyle.scheduling.models import Lease


class LeasesUnreachable(Fault):
    """Where the leases are kept can't be asked now."""

    code = "leases_unreachable"


@dataclass(frozen=True, slots=True)
class Seen:
    """A lease as it was found; two of one `epoch` and `beat` mean that nobody renewed it in between."""

    holder: str
    epoch: int
    beat: int


class Leases(Protocol):
    """What an election needs of its store. Each call raises: LeasesUnreachable."""

    def look(self, name: str) -> Seen:
        """Return the lease as it is; one that nobody ever took has no holder."""

    def take(self, name: str, holder: str, seen: Seen) -> int | None:
        """Take it if it still is as it was seen; returns its new epoch, None where somebody was faster."""

    def renew(self, name: str, holder: str, epoch: int) -> bool:
        """Keep it; False where it is another one's by now."""

    def release(self, name: str, holder: str, epoch: int) -> None:
        """Give it back, so that the next one need not wait; nothing where it is another one's."""

    def show(self, name: str, holder: str) -> None:
        """Leave a sign of life of one that stands by."""

    def hide(self, name: str, holder: str) -> None:
        """Remove that sign."""


class DatabaseLeases:
    """Leases as rows of the database."""

    def look(self, name: str) -> Seen:
        with _unreachable():
            row = Lease.objects.filter(pk=name).values_list("holder", "epoch", "beat").first()
        return Seen(*row) if row is not None else Seen("", 0, 0)

    def take(self, name: str, holder: str, seen: Seen) -> int | None:
        with _unreachable():
            free = Lease.objects.filter(pk=name, holder=seen.holder, epoch=seen.epoch, beat=seen.beat)
            ours = {"holder": holder, "epoch": F("epoch") + 1, "beat": 0}
            took = free.update(**ours, taken_at=Now(), renewed_at=Now())
            if not took and seen == Seen("", 0, 0):
                # The first one ever. Two may try: of both, one finds the row as it was seen.
                Lease.objects.bulk_create([Lease(name=name)], ignore_conflicts=True)
                took = free.update(**ours, taken_at=Now(), renewed_at=Now())
        return seen.epoch + 1 if took else None

    def renew(self, name: str, holder: str, epoch: int) -> bool:
        with _unreachable():
            mine = Lease.objects.filter(pk=name, holder=holder, epoch=epoch)
            return bool(mine.update(beat=F("beat") + 1, renewed_at=Now()))

    def release(self, name: str, holder: str, epoch: int) -> None:
        with _unreachable():
            Lease.objects.filter(pk=name, holder=holder, epoch=epoch).update(holder="")

    def show(self, name: str, holder: str) -> None:
        with _unreachable():
            mine = Lease.objects.filter(pk=_presence(name, holder))
            if not mine.update(beat=F("beat") + 1, renewed_at=Now()):
                row = Lease(pk=_presence(name, holder), holder=holder)
                Lease.objects.bulk_create([row], ignore_conflicts=True)
                mine.update(taken_at=Now(), renewed_at=Now())

    def hide(self, name: str, holder: str) -> None:
        with _unreachable():
            Lease.objects.filter(pk=_presence(name, holder)).delete()


def presences_of(name: str) -> str:
    """Return what the names of the signs of life begin with that stand by for a lease."""
    return f"{name}/"


def _presence(name: str, holder: str) -> str:
    return f"{presences_of(name)}{holder}"[:120]


def forget_gone(*, name: str, after: timedelta) -> int:
    """Remove the signs of life of processes that were killed; returns how many."""
    gone = Lease.objects.filter(pk__startswith=presences_of(name), renewed_at__lt=Now() - after)
    return gone.delete()[0] if gone.exists() else 0


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except Error as error:
        if not connection.in_atomic_block:
            connection.close()  # it may be broken for good; the next call opens another
        message = f"The leases in the database can't be reached: {str(error).strip()}"
        raise LeasesUnreachable(message) from error
