"""Moves objects from one store to another beside a system at work.

What is to be copied is found anew each time, by comparing both listings: nothing is noted elsewhere, so it goes on after
a kill at any moment. An object appears in the new store whole or not at all; it is read back from there, and removed
again where it is not what was read. The old store is emptied by a second command alone (`emptying.py`).
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
from gilfoyle.lib.storage_listing import StoredObject, list_store, require_root
from gilfoyle.lib.storage_moves import add_to
from gilfoyle.lib.storage_settings import Role
from gilfoyle.lib.store_places import role_of
from gilfoyle.stores.facts import named_size, size_of_piece
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.names import SELF_TEST, UNFINISHED, UPLOAD, parse_name
from gilfoyle.stores.surveying import Progress

log = structlog.get_logger(__name__)
PARALLEL = 4
PASSES = 5
AT_ONCE = 500
COPIED, THERE, GONE, FAILED, DIFFERENT = "copied", "there", "gone", "failed", "different"


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
    _grown: set[str] = field(default_factory=set)

    def copy(self) -> bool:
        """Copy what the new store lacks, until a look finds nothing; tells whether one did, and all is there.

        Raises: StorageFault where a store can't be listed, or the old one is not there at all.
        """
        found_nothing = False
        for _ in range(PASSES):
            copied = self.counts[COPIED]
            self.counts[THERE] = self.counts[FAILED] = self.counts[DIFFERENT] = 0
            self.problems.clear()
            require_root(self.source)
            with Inventory() as present:
                for one in list_store(self.target):
                    if self._is_ours(one):
                        present.add(one.name, one)
                self.do_all(self._lacking(present), self._copy)
            found_nothing = self.counts[COPIED] == copied
            if found_nothing:
                break
        return found_nothing and not (self.counts[FAILED] or self.counts[DIFFERENT])

    def _lacking(self, present: Inventory) -> Iterator[StoredObject]:
        self._grown.clear()
        for one in self.to_move():
            there = present.take(one.name)
            outcome = self._judge(one, there[0]) if there else COPIED
            if outcome == COPIED:
                yield one
                continue
            self.counts[outcome] += 1
            self.progress(outcome, 1)

    def _judge(self, one: StoredObject, there: StoredObject) -> str:
        """Say what is to be done with an object that both stores have: nothing, unless its rows say that it lacks bytes."""
        if one.size_bytes == there.size_bytes:
            return THERE
        if _is_piece(one.name):
            # Its writer may have it open there, behind bytes that were cut off: only what counts and is missing is copied.
            durable_bytes, has_writer = size_of_piece(one.name)
            if durable_bytes <= there.size_bytes:
                return THERE
            if has_writer or one.size_bytes < durable_bytes:
                self.note(one, "bytes of it still arrive in the old store, or are missing in both")
                return DIFFERENT
            self._grown.add(one.name)
            return COPIED
        is_named, size_bytes = named_size(one.name)
        if not is_named or size_bytes == there.size_bytes:
            return THERE  # what was stored there since is newer
        self.note(one, "the new store has one of another size than is recorded; it stays")
        return DIFFERENT

    def to_move(self) -> Iterator[StoredObject]:
        """Yield what is to be moved, of all that the old store has. Raises: StorageFault."""
        return (one for one in list_store(self.source) if self._is_ours(one))

    def _is_ours(self, one: StoredObject) -> bool:
        parsed = parse_name(one.name) if one.is_plain else None
        if parsed is None or parsed.family in {SELF_TEST, UNFINISHED}:
            return False
        return role_of(one.name) in self.roles

    def do_all(self, objects: Iterable[StoredObject], work: Callable[[StoredObject], str]) -> None:
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
                self.note(one, error.message)
                log.warning("object_not_moved", **{**error.facts, "name": one.name, "code": error.code})
            self.counts[outcome] += 1
            if outcome == COPIED:
                self.size_bytes += one.size_bytes
            self.progress(outcome, 1)

    def note(self, one: StoredObject, why: str) -> None:
        """Keep for the operator why an object stays."""
        if len(self.problems) < AT_ONCE:
            self.problems.append(f"{one.name}: {why}")

    def _copy(self, one: StoredObject) -> str:
        """Copy an object, and see that it is what was read; one that was deleted meanwhile stays so.

        Raises: NoSpace, StorageFault.
        """
        try:
            return self._copy_once(one)
        except ObjectMissing:
            if self._is_in_source(one.name):
                raise
            return GONE

    def _copy_once(self, one: StoredObject) -> str:
        digest = hashlib.sha256()
        with faults(one.name):
            if one.name not in self._grown and self.target.exists(one.name):
                return THERE  # what was stored there since is newer
        reader = ranges_of(self.source, one.name)
        pieces = _hashed(reader.read, reader.size_bytes, digest)
        if one.name in self._grown:
            write_to(self.target, one.name, pieces)
        elif not add_to(self.target, one.name, pieces, size_bytes=reader.size_bytes):
            return THERE
        if hash_of(self.target, one.name) != digest.hexdigest():
            _delete(self.target, one.name)
            message = "What was stored is not what was read."
            raise StorageFault(message, name=one.name)
        if not self._is_in_source(one.name):
            # whoever deleted it did so there first, and may have looked here before it came
            _delete(self.target, one.name)
            return GONE
        return COPIED

    def _is_in_source(self, name: str) -> bool:
        with faults(name):
            return self.source.exists(name)


def hash_of(store: Storage, name: str) -> str:
    """Return what an object of a store hashes to (SHA-256), read through in constant memory.

    Raises: ObjectMissing, StorageFault.
    """
    digest, reader = hashlib.sha256(), ranges_of(store, name)
    for piece in read_through(reader.read, reader.size_bytes, heartbeat=lambda: None):
        digest.update(piece)
    return digest.hexdigest()


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
