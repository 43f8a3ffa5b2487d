"""The table of names that the IPFS driver asks for (`gilfoyle/lib/ipfs_names.py`).

A name and its pin change hands in one transaction each. Whoever takes a name away, or gives a second one, has locked
the rows of that object before it looks whether others name it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from gilfoyle.lib.ipfs_names import NamedObject
from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.lib.transactions import atomic
from videos.ipfs.models import IpfsObject, IpfsPin

AT_ONCE = 500
HEAD_PARTS = (
    3  # as in renditions/PROJECT/VIDEO: what is deleted together is found by an index on every database
)


class Names:
    """`gilfoyle.lib.ipfs_names.IpfsNames`, in our database."""

    def find(self, name: str) -> NamedObject | None:
        found = IpfsObject.objects.filter(pk=name).first()
        return None if found is None else NamedObject(name, found.cid, found.size_bytes, bytes(found.wrapped))

    def note_pin(self, cid: str) -> None:
        IpfsPin.objects.create(pk=cid)

    @atomic
    def give_name(self, named: NamedObject, *, is_final: bool) -> tuple[bool, Sequence[str]]:
        noted, _ = IpfsPin.objects.filter(pk=named.cid, is_leaving=False).delete()
        if not noted:
            message = "What was stored was removed again before it had a name: it took too long."
            raise StorageFault(message, name=named.name)
        if _insert(named):
            return True, ()
        if is_final:
            IpfsPin.objects.create(pk=named.cid, is_leaving=True)
            return False, (named.cid,)
        gone = _remove(IpfsObject.objects.filter(pk=named.name))
        if not _insert(named):
            message = "Two stored an object of the same name at once."
            raise StorageFault(message, name=named.name)
        return True, gone

    @atomic
    def copy(self, named: NamedObject, of: str) -> bool:
        if not IpfsObject.objects.select_for_update().filter(pk=of, cid=named.cid).exists():
            return False
        _insert(named)
        return True

    @atomic
    def remove(self, names: Sequence[str]) -> Sequence[str]:
        return _remove(IpfsObject.objects.filter(pk__in=names))

    @atomic
    def remove_below(self, prefix: str) -> Sequence[str]:
        return _remove(_below(prefix)[:AT_ONCE])

    def has_below(self, prefix: str) -> bool:
        return _below(prefix).exists()

    def list_below(self, prefix: str) -> Iterator[tuple[str, int, datetime]]:
        found = _below(prefix) if prefix else IpfsObject.objects.all()
        last = ""
        # Page by page: a cursor that stays open would hold a connection, or all rows where there are none.
        while rows := list(
            found.filter(pk__gt=last).order_by("pk").values_list("pk", "size_bytes", "stored_at")[:AT_ONCE]
        ):
            yield from rows
            last = rows[-1][0]

    def claim_unnamed(self, *, noted_before: datetime) -> Sequence[str]:
        left = Q(is_leaving=False, noted_at__lt=noted_before)
        found = list(IpfsPin.objects.filter(Q(is_leaving=True) | left).values_list("pk", flat=True)[:AT_ONCE])
        # Whoever gives one of them its name at this moment takes its row away, or finds it claimed.
        IpfsPin.objects.filter(pk__in=found).update(is_leaving=True)
        return list(IpfsPin.objects.filter(pk__in=found).values_list("pk", flat=True))

    def forget_pin(self, cid: str) -> None:
        IpfsPin.objects.filter(pk=cid, is_leaving=True).delete()


def _head(name: str) -> str:
    return "/".join(name.split("/")[:HEAD_PARTS])


def _below(prefix: str) -> QuerySet[IpfsObject]:
    found = IpfsObject.objects.filter(name__startswith=f"{prefix}/")
    return found.filter(folder=_head(prefix)) if prefix.count("/") >= HEAD_PARTS - 1 else found


def _insert(named: NamedObject) -> bool:
    """Tell whether the name was free."""
    row = IpfsObject(
        name=named.name,
        folder=_head(named.name),
        cid=named.cid,
        size_bytes=named.size_bytes,
        wrapped=named.wrapped,
    )
    IpfsObject.objects.bulk_create([row], ignore_conflicts=True)
    return IpfsObject.objects.filter(pk=named.name, wrapped=named.wrapped).exists()


def _remove(objects: QuerySet[IpfsObject]) -> Sequence[str]:
    """Delete some rows; write into the journal, and return, what nothing names any more."""
    chosen = list(objects.values_list("pk", "cid"))
    names, cids = {name for name, _ in chosen}, {cid for _, cid in chosen}
    # In one order for all: of two that lock the same rows, one waits for the other.
    locked = IpfsObject.objects.select_for_update().filter(cid__in=cids).order_by("pk")
    held = dict(locked.values_list("pk", "cid"))
    going = {name: cid for name, cid in held.items() if name in names}
    IpfsObject.objects.filter(pk__in=going).delete()
    still = set(IpfsObject.objects.filter(cid__in=cids).values_list("cid", flat=True))
    return _note_leaving(set(going.values()) - still)


def _note_leaving(cids: Iterable[str]) -> Sequence[str]:
    gone = sorted(cids)
    IpfsPin.objects.bulk_create(IpfsPin(pk=cid, is_leaving=True) for cid in gone)
    return gone
