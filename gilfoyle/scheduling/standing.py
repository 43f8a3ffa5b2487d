"""Who acts and who stands by, as the rows tell: for status, health, metrics and the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from gilfoyle.scheduling.election import NAME
from gilfoyle.scheduling.leases import presences_of
from gilfoyle.scheduling.models import Lease

SILENT_LEASES = 3  # after so many lengths of a lease somebody else would act, if there were somebody
AGE = ExpressionWrapper(Now() - F("renewed_at"), output_field=DurationField())


@dataclass(frozen=True, slots=True)
class Standing:
    """`acting`: host and process of who acts, "" for nobody; `age_s`: how long ago the lease was renewed, None: never."""

    acting: str
    since: datetime | None
    renewed_at: datetime | None
    age_s: float | None
    standing_by: tuple[str, ...]

    @property
    def words(self) -> str:
        """All of it, in words."""
        others = f"; {', '.join(self.standing_by)} stands by" if self.standing_by else ""
        if self.acting:
            since = f" since {self.since:%Y-%m-%d %H:%M:%S}" if self.since else ""
            return f"{self.acting} acts{since}{others}"
        if self.age_s is None:
            return f"none has ever acted{others}"
        return f"none has acted for {self.age_s:.0f} s{others}"


def read_standing(*, lease_s: float) -> Standing:
    """Read it; ages are by the database's own clock. Raises: DatabaseError."""
    lease = Lease.objects.filter(pk=NAME).annotate(age=AGE).first()
    lately = timedelta(seconds=SILENT_LEASES * lease_s)
    presences = Lease.objects.filter(pk__startswith=presences_of(NAME)).annotate(age=AGE)
    others = [row for row in presences.order_by("pk") if row.age is not None and row.age < lately]
    standing_by = tuple(shown_holder(row.holder) for row in others)
    if lease is None:
        return Standing("", None, None, None, standing_by)
    age_s = max(0.0, lease.age.total_seconds()) if lease.age is not None else None
    acts = bool(lease.holder) and age_s is not None and age_s < lately.total_seconds()
    return Standing(
        acting=shown_holder(lease.holder) if acts else "",
        since=lease.taken_at if acts else None,
        renewed_at=lease.renewed_at,
        age_s=age_s,
        standing_by=standing_by,
    )


def shown_holder(holder: str) -> str:
    """Return host and process of a holder."""
    return ":".join(holder.split(":")[:2])
