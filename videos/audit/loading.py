"""Read entries also where a row is among them that can't be read, such as one with a time that is none."""

from __future__ import annotations

from django.db import DatabaseError
from django.db.models import QuerySet

from gilfoyle.lib.transactions import atomic, is_lost_race
from videos.audit.models import AuditEntry

# What databases' drivers and Django's converters make of a value that no row of ours holds.
UNREADABLE = (DatabaseError, ValueError, TypeError, AttributeError, OverflowError, RecursionError)
_PLACE = ("pk", "seq", "prev_hash", "hash", "seal")


def load_page(entries: QuerySet[AuditEntry], most: int) -> list[AuditEntry]:
    """Return the first `most` entries. One that can't be read stands among them with its place and no content.

    Such a one has no time (`at` is None), so that it can be neither linked nor taken for what was recorded.
    """
    try:
        return _load_all(entries[:most])
    except UNREADABLE as error:
        if is_lost_race(error):
            raise
        return [_load(entries, pk) for pk in list(entries.values_list("pk", flat=True)[:most])]


@atomic
def _load_all(entries: QuerySet[AuditEntry]) -> list[AuditEntry]:
    return list(entries.all())


@atomic
def _load_one(entries: QuerySet[AuditEntry], pk: int) -> AuditEntry:
    return entries.get(pk=pk)


def _load(entries: QuerySet[AuditEntry], pk: int) -> AuditEntry:
    try:
        return _load_one(entries, pk)
    except UNREADABLE as error:
        if is_lost_race(error):
            raise
        place = entries.filter(pk=pk).values(*_PLACE)[0]
        return AuditEntry(**place)
