"""Empties the old store of a move: of what the new one has to the last byte; where told, also of what no row names.

The latter is what was deleted after `also_read` was emptied: only the new store was then asked to remove it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time as read_clock

from gilfoyle.lib.storage import ObjectMissing
from gilfoyle.lib.storage_faults import faults
from gilfoyle.lib.storage_listing import StoredObject, remove_objects, require_root
from gilfoyle.stores.facts import has_owners
from gilfoyle.stores.judging import judge
from gilfoyle.stores.moving import AT_ONCE, DIFFERENT, FAILED, GONE, THERE, Move, hash_of
from gilfoyle.stores.names import parse_name
from gilfoyle.stores.planning import require_apart
from gilfoyle.stores.surveying import GRACE_S, facts_of, kind_of
from gilfoyle.stores.times_replaced import find_replaced

REMOVED, UNNAMED, LACKING = "removed", "unnamed", "lacking"
STAYS = "the new store lacks it, or has something else; it stays"
NOBODY_S = "no row names it, and the new store lacks it; it stays without --unnamed-too"


def empty(move: Move, *, unnamed_too: bool = False, grace_s: float = GRACE_S) -> bool:
    """Remove from the old store what the new one has to the last byte; tells whether nothing else was left in it.

    Raises: StoresAreOne; NoSpace and StorageFault where a store can't be listed or tried.
    """
    require_root(move.source)
    batch: list[StoredObject] = []
    for one in move.to_move():
        batch.append(one)
        if len(batch) >= AT_ONCE:
            _empty(move, batch, unnamed_too=unnamed_too, grace_s=grace_s)
            batch = []
    _empty(move, batch, unnamed_too=unnamed_too, grace_s=grace_s)
    return not (move.counts[FAILED] or move.counts[DIFFERENT] or move.counts[UNNAMED])


def _empty(move: Move, batch: list[StoredObject], *, unnamed_too: bool, grace_s: float) -> None:
    equal: list[StoredObject] = []
    lacking: list[StoredObject] = []
    move.do_all(batch, _comparison(move, equal, lacking))
    nobody_s = _find_unnamed(lacking, grace_s=grace_s) if lacking else set()
    unnamed = [one for one in lacking if one.name in nobody_s]
    for one in lacking:
        if one.name not in nobody_s:
            move.counts[DIFFERENT] += 1
            move.note(one, STAYS)
        elif not unnamed_too:
            move.counts[UNNAMED] += 1
            move.note(one, NOBODY_S)
    _remove(move, [*equal, *unnamed] if unnamed_too else equal)


def _remove(move: Move, objects: Sequence[StoredObject]) -> None:
    if not objects:
        return
    require_apart(move)
    gone = set(remove_objects(move.source, objects))
    move.counts[REMOVED] += len(gone)
    for one in objects:
        with faults(one.name):
            is_left = one.name not in gone and move.source.exists(one.name)
        if is_left:
            move.counts[DIFFERENT] += 1
            move.note(one, "it changed while it was compared; it stays")


def _comparison(
    move: Move, equal: list[StoredObject], lacking: list[StoredObject]
) -> Callable[[StoredObject], str]:
    """Return what compares an object of both stores; it may be called by several threads."""

    def compare(one: StoredObject) -> str:
        try:
            wanted = hash_of(move.source, one.name)
        except ObjectMissing:
            with faults(one.name):
                if move.source.exists(one.name):
                    raise
            return GONE
        try:
            is_equal = hash_of(move.target, one.name) == wanted
        except ObjectMissing:
            lacking.append(one)
            return LACKING
        if is_equal:
            equal.append(one)
            return THERE
        move.note(one, STAYS)
        return DIFFERENT

    return compare


def _find_unnamed(lacking: Sequence[StoredObject], *, grace_s: float) -> set[str]:
    """Return which of these no row names, as gc would judge them; none where the rows are plainly not this store's."""
    if not has_owners():
        return set()
    replaced = find_replaced()
    by_kind: dict[str, dict[str, list[StoredObject]]] = {}
    for one in lacking:
        parsed = parse_name(one.name)
        if parsed is not None and not any(time.has(one.name, one.changed_at) for time in replaced):
            owners = by_kind.setdefault(kind_of(parsed.family), {})
            owners.setdefault(parsed.owner, []).append(one)
    unnamed: set[str] = set()
    asked = (
        (owners[owner], facts) for kind, owners in by_kind.items() for owner, facts in facts_of(kind, owners)
    )
    for objects, facts in asked:
        if facts.is_leaving and not facts.is_held:
            # Whoever purges it does not know the old store any more.
            unnamed.update(one.name for one in objects)
            continue
        judged = judge(facts, objects, before=read_clock() - grace_s)
        unnamed.update(one.name for one in judged.findings if one.kind == "orphan")
    return unnamed
