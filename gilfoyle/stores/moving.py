"""Moves objects from one store to another beside a system at work.

What is to be copied is found anew each time, by comparing both listings: nothing is noted elsewhere, so it goes on after
a kill at any moment. An object appears in the new store whole or not at all; it is read back from there, and removed
again where it is not what was read. The old store is emptied by a second command alone, which compares the two once more.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog
from django.core.files.storage import Storage

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.sealed_storage import read_through
from gilfoyle.lib.storage import ObjectMissing, StorageFault, ranges_of, write_to
from gilfoyle.lib.storage_faults import faults
from gilfoyle.lib.storage_listing import StoredObject, list_store, remove_objects
from gilfoyle.lib.storage_settings import Role, StorageSettings
from gilfoyle.lib.store_places import ROLES, role_of, store_named
from gilfoyle.stores.errors import MoveNotSetUp, StoreUnknown
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.names import SELF_TEST, UNFINISHED, UPLOAD, parse_name
from gilfoyle.stores.surveying import Progress

log = structlog.get_logger(__name__)
PARALLEL = 4
PASSES = 5
AT_ONCE = 500
COPIED, THERE, GONE, FAILED, REMOVED, DIFFERENT = "copied", "there", "gone", "failed", "removed", "different"


@dataclass(slots=True)
class Move:
    """A move between two stores, of what belongs in the second one by now; `counts` and `size_bytes` grow."""

    source: Storage
    target: Storage
    roles: frozenset[Role]
    progress: Progress
    parallel: int = PARALLEL
    size_bytes: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def copy(self) -> bool:
        """Copy what the new store lacks, until nothing is left; tells whether all is there.

        Raises: StorageFault where a store can't be listed.
        """
        for _ in range(PASSES):
            copied = self.counts[COPIED]
            self.counts[THERE] = self.counts[FAILED] = 0
            self.problems.clear()
            with Inventory() as present:
                for one in list_store(self.target):
                    if self._is_ours(one):
                        present.add(one.name, one)
                self._all(self._lacking(present), self._copy)
            if self.counts[COPIED] == copied:
                break
        return not self.counts[FAILED]

    def _lacking(self, present: Inventory) -> Iterator[StoredObject]:
        for one in self._to_move():
            if not _is_lacking(one, present.take(one.name)):
                self.counts[THERE] += 1
                self.progress(THERE, 1)
            else:
                yield one

    def _to_move(self) -> Iterator[StoredObject]:
        return (one for one in list_store(self.source) if self._is_ours(one))

    def _is_ours(self, one: StoredObject) -> bool:
        parsed = parse_name(one.name) if one.is_plain else None
        if parsed is None or parsed.family in {SELF_TEST, UNFINISHED}:
            return False
        return role_of(one.name) in self.roles

    def _all(self, objects: Iterable[StoredObject], work: Callable[[StoredObject], str]) -> None:
        """Do the work for each object, some at once, and count what came of it."""
        running: dict[Future[str], StoredObject] = {}
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="move") as threads:
            for one in objects:
                running[threads.submit(work, one)] = one
                if len(running) >= 2 * self.parallel:
                    self._collect(running, wait(running, return_when=FIRST_COMPLETED).done)
            self._collect(running, wait(running).done)

    def _collect(self, running: dict[Future[str], StoredObject], done: Iterable[Future[str]]) -> None:
        for future in done:
            one = running.pop(future)
            try:
                outcome = future.result()
            except GilfoyleError as error:
                outcome = FAILED
                self._note(one, error.message)
                log.warning("object_not_moved", **{**error.facts, "name": one.name, "code": error.code})
            self.counts[outcome] += 1
            if outcome == COPIED:
                self.size_bytes += one.size_bytes
            self.progress(outcome, 1)

    def _note(self, one: StoredObject, why: str) -> None:
        if len(self.problems) < AT_ONCE:
            self.problems.append(f"{one.name}: {why}")

    def _copy(self, one: StoredObject) -> str:
        """Copy an object, and see that it is what was read; one that was deleted meanwhile stays so.

        Raises: NoSpace, StorageFault.
        """
        digest = hashlib.sha256()
        with faults(one.name):
            if not _is_piece(one.name) and self.target.exists(one.name):
                return THERE  # what was stored there since is newer
        try:
            reader = ranges_of(self.source, one.name)
            write_to(self.target, one.name, _hashed(reader.read, reader.size_bytes, digest))
        except ObjectMissing:
            return GONE
        if hash_of(self.target, one.name) != digest.hexdigest():
            _delete(self.target, one.name)
            message = "What was stored is not what was read."
            raise StorageFault(message, name=one.name)
        with faults(one.name):
            is_there = self.source.exists(one.name)
        if not is_there:  # whoever deleted it did so there first, and may have looked here before it came
            _delete(self.target, one.name)
            return GONE
        return COPIED

    def empty(self) -> bool:
        """Remove from the old store what the new one has to the last byte; tells whether all of it was so.

        Raises: StorageFault where a store can't be listed.
        """
        batch: list[StoredObject] = []
        for one in self._to_move():
            batch.append(one)
            if len(batch) >= AT_ONCE:
                self._empty(batch)
                batch = []
        self._empty(batch)
        return not (self.counts[FAILED] or self.counts[DIFFERENT])

    def _empty(self, batch: list[StoredObject]) -> None:
        equal: list[StoredObject] = []

        def compare(one: StoredObject) -> str:
            outcome = self._compare(one)
            if outcome == THERE:
                equal.append(one)
            return outcome

        self._all(batch, compare)
        gone = set(remove_objects(self.source, equal) if equal else ())
        self.counts[REMOVED] += len(gone)
        for one in equal:
            with faults(one.name):
                is_left = one.name not in gone and self.source.exists(one.name)
            if is_left:
                self.counts[DIFFERENT] += 1
                self._note(one, "it changed while it was compared; it stays")

    def _compare(self, one: StoredObject) -> str:
        try:
            wanted = hash_of(self.source, one.name)
        except ObjectMissing:
            return GONE
        try:
            is_equal = hash_of(self.target, one.name) == wanted
        except ObjectMissing:
            is_equal = False
        if not is_equal:
            self._note(one, "the new store lacks it, or has something else; it stays")
        return THERE if is_equal else DIFFERENT


def plan_move(
    storage: StorageSettings,
    *,
    source: str,
    target: str,
    progress: Progress,
    is_last: bool = False,
    parallel: int = PARALLEL,
) -> Move:
    """Return the move between two stores; `is_last` where the old one is to be emptied.

    Raises: StoreUnknown, MoveNotSetUp.
    """
    names = ["main", *(store.name for store in storage.others)]
    for name in (source, target):
        if name not in names:
            message = f"The settings have no store {name}."
            raise StoreUnknown(message, hint=f"They have {', '.join(names)}.")
    roles = frozenset(role for role in ROLES if storage.name_of(role) == target != source)
    if not roles:
        message = f"Nothing new goes to {target}: what is moved there would be found by nobody."
        raise MoveNotSetUp(message, hint=f"Set storage.sources or storage.renditions to {target} first.")
    if storage.also_read != source and not is_last:
        message = f"What is still in {source} would be found by nobody meanwhile."
        raise MoveNotSetUp(message, hint=f"Set storage.also_read to {source}, and restart all processes.")
    return Move(store_named(source), store_named(target), roles, progress, parallel)


def hash_of(store: Storage, name: str) -> str:
    """Return what an object of a store hashes to (SHA-256), read through in constant memory.

    Raises: ObjectMissing, StorageFault.
    """
    digest, reader = hashlib.sha256(), ranges_of(store, name)
    for piece in read_through(reader.read, reader.size_bytes, heartbeat=lambda: None):
        digest.update(piece)
    return digest.hexdigest()


def _is_lacking(one: StoredObject, there: list[StoredObject]) -> bool:
    """Tell whether an object is to be copied. What the new store has is whole, and newer; but pieces of uploads grow."""
    return not there or (_is_piece(one.name) and there[0].size_bytes < one.size_bytes)


def _is_piece(name: str) -> bool:
    parsed = parse_name(name)
    return parsed is not None and parsed.family == UPLOAD


def _hashed(read: Callable[[int, int], bytes], size_bytes: int, digest: hashlib._Hash) -> Iterator[bytes]:
    for piece in read_through(read, size_bytes, heartbeat=lambda: None):
        digest.update(piece)
        yield piece


def _delete(store: Storage, name: str) -> None:
    with faults(name):
        store.delete(name)
