"""When this database took the place of another one: what was stored between a backup and its restore has no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gilfoyle.stores.names import SOURCE, UPLOAD, parse_name
from videos.audit.models import AuditEntry

VERB = "backup.restored"
_FOR_EVER = frozenset({SOURCE, UPLOAD})
SKEW_S = 300.0  # the clocks of a store and of a database differ a little


@dataclass(frozen=True, slots=True)
class Replaced:
    """From when to when the rows know nothing, in seconds since 1970."""

    taken_at: float
    restored_at: float

    def has(self, name: str, changed_at: float) -> bool:
        """Tell whether an object may have come within that time.

        A source that changed later may have: a disk that was copied, or given to another user, gives all that lies on it new
        times, and nothing can be made anew of a source.
        """
        parsed = parse_name(name)
        is_source = parsed is not None and parsed.family in _FOR_EVER
        return self.taken_at - SKEW_S <= changed_at and (is_source or changed_at <= self.restored_at + SKEW_S)


def find_replaced() -> list[Replaced]:
    """Return each restore that the audit tells of; the beginning of time where one does not say when its backup was taken."""
    told = AuditEntry.objects.filter(verb=VERB).values_list("data", "at")
    return [Replaced(_moment(data.get("taken_at")), at.timestamp()) for data, at in told]


def _moment(text: object) -> float:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
