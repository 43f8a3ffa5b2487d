"""Goes once through all of a store and all rows, and tells what doesn't fit.

First the store is listed, then the rows are read. What is not as it should be is looked at once more, rows and store,
before it is told: the system goes on working meanwhile, and what was written, replaced or removed since then fits again.
So whatever is called an orphan was named by no row at two moments, and has lain there longer than anything at work.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from time import time as read_clock
from typing import TypeVar

from django.core.files.storage import Storage

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.sealed_storage import read_through
from gilfoyle.lib.storage import exists
from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault
from gilfoyle.lib.storage_listing import StoredObject, list_objects, list_store
from gilfoyle.lib.store_places import every_store, may_have
from gilfoyle.lib.store_trial import FOLDERS_OF_OBJECTS
from gilfoyle.stores.facts import SELF_TESTS, UPLOAD, VIDEO, Facts, facts_of_uploads, facts_of_videos
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.judging import Finding, Judged, Kind, judge
from gilfoyle.stores.names import SELF_TEST, UNFINISHED, parse_name
from gilfoyle.stores.names import UPLOAD as UPLOAD_FAMILY
from videos.catalog.models import Video
from videos.catalog.stored_sources import name_of, open_source
from videos.uploads import states as upload_states
from videos.uploads.models import Upload

BATCH = 100
MOST_DOUBTED = 50_000  # objects, of all owners that are looked at again together: they are held in memory
ALL_KINDS: frozenset[Kind] = frozenset({"missing", "corrupt", "orphan", "foreign"})
ORPHANS: frozenset[Kind] = frozenset({"orphan"})
GRACE_S = 24 * 3600.0  # longer than anything at work leaves an object unnamed
FOLDERS = {
    VIDEO: ("sources", "renditions", "tracks"),
    UPLOAD: ("uploads",),
    SELF_TESTS: ("doctor", "selftest", *(f"{folder}/selftest" for folder in FOLDERS_OF_OBJECTS)),
}
ELSEWHERE = "its kind belongs in another store by now: see storage migrate"
Progress = Callable[[str, int], None]
Item = TypeVar("Item")


@dataclass(slots=True)
class Survey:
    """What is told of a store; `counts` and the rest grow while `look` runs."""

    inventory: Inventory
    progress: Progress
    grace_s: float = GRACE_S
    with_checksums: bool = False
    objects: int = 0
    size_bytes: int = 0
    owners: int = 0
    hashed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def look(self) -> Iterator[Finding]:
        """Yield what doesn't fit, in constant memory.

        Raises: StorageFault; the database's errors.
        """
        yield from self._list()
        yield from self._follow(VIDEO, batches_of(video_ids()))
        yield from self._follow(UPLOAD, batches_of(receiving_ids()))
        yield from self._follow_left()

    def look_for_orphans(self) -> Iterator[Finding]:
        """Yield what nobody names, and what is foreign, as `look` does; who has nothing in the store is not read.

        Raises: StorageFault; the database's errors.
        """
        yield from self._list()
        yield from self._follow_left(ORPHANS)

    def _follow_left(self, kinds: Collection[Kind] = ALL_KINDS) -> Iterator[Finding]:
        left = (owner.partition("/") for owner in self.inventory.left())
        for kind, owners in groupby(left, key=lambda parts: parts[0]):
            yield from self._follow(kind, batches_of(owner for _, _, owner in owners), kinds)

    def _list(self) -> Iterator[Finding]:
        # What is in two stores while it is moved counts as it is at home, which comes last.
        for store_name, store in every_store():
            yield from self._list_store(store_name, store)

    def _list_store(self, store_name: str, store: Storage) -> Iterator[Finding]:
        for one in list_store(store):
            self.objects += 1
            self.size_bytes += one.size_bytes
            self.progress("listed", 1)
            parsed = parse_name(one.name) if one.is_plain else None
            if parsed is None:
                self.counts["foreign"] += 1
                yield Finding("foreign", one.name, _why_foreign(one), one.size_bytes, one.changed_at)
            elif parsed.owner and not may_have(store_name, one.name):
                self.counts["foreign"] += 1
                yield Finding("foreign", one.name, ELSEWHERE, one.size_bytes, one.changed_at)
            elif parsed.family == UNFINISHED:
                self.counts["kept"] += 1  # the scheduler removes what a killed process has left there
            else:
                self.inventory.add(f"{kind_of(parsed.family)}/{parsed.owner}", one)

    def _follow(
        self, kind: str, batches: Iterable[list[str]], kinds: Collection[Kind] = ALL_KINDS
    ) -> Iterator[Finding]:
        for batch in batches:
            doubted: dict[str, _Doubt] = {}
            size = 0
            for owner, facts in facts_of(kind, batch):
                found = self.inventory.take(f"{kind}/{owner}")
                judged = judge(facts, found, before=read_clock() - self.grace_s)
                self.owners += facts.is_known
                if not any(one.kind in kinds for one in judged.findings):
                    yield from self._tell(judged, facts.source, kinds)
                    continue
                doubted[owner] = _Doubt(projects_in(one.name for one in found), facts.source)
                size += len(found) + len(judged.findings)
                if size > MOST_DOUBTED:
                    yield from self._doubt(kind, doubted, kinds)
                    doubted, size = {}, 0
            yield from self._doubt(kind, doubted, kinds)

    def _doubt(self, kind: str, doubted: Mapping[str, _Doubt], kinds: Collection[Kind]) -> Iterator[Finding]:
        projects = {owner: doubt.projects for owner, doubt in doubted.items()}
        for owner, judged in look_again(kind, projects, grace_s=self.grace_s):
            yield from self._tell(judged, doubted[owner].source, kinds)

    def _tell(self, judged: Judged, source: Video | None, kinds: Collection[Kind]) -> Iterator[Finding]:
        told = [one for one in judged.findings if one.kind in kinds]
        self.counts.update(judged.counts)
        self.counts.update(one.kind for one in told)
        self.progress("compared", 1)
        yield from told
        if self.with_checksums and source is not None:
            yield from self._hash(source, judged)

    def _hash(self, source: Video, judged: Judged) -> Iterator[Finding]:
        name = name_of(source)
        if not source.source_sha256 or any(one.name == name for one in judged.findings):
            return
        self.hashed += 1
        why = hash_source(source, lambda size: self.progress("hashed", size))
        if why and _is_still_source(source):
            self.counts["corrupt"] += 1
            yield Finding("corrupt", name, why, source.source_size_bytes or 0)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Of an owner that is looked at again: in whose folders its objects were found, and the source to hash."""

    projects: frozenset[str]
    source: Video | None


def look_again(
    kind: str, doubted: Mapping[str, Collection[str]], *, grace_s: float
) -> Iterator[tuple[str, Judged]]:
    """Judge owners by their rows and objects as they are now; `doubted` tells in which projects' folders each was seen.

    The rows are asked for all of them together.

    Raises: StorageFault; the database's errors.
    """
    if not doubted:
        return
    at = read_clock() - grace_s
    # What is written meanwhile is not listed yet, but named after; what is removed is not listed, but was named before.
    seen: dict[str, tuple[list[StoredObject], set[tuple[Kind, str]]]] = {}
    for owner, before in facts_of(kind, list(doubted)):
        listed = (
            one for folder in _folders(kind, owner, doubted[owner], before) for one in list_objects(folder)
        )
        # A link of an object's name is none: the object is missing.
        present = [one for one in listed if is_ours(one)]
        known = {(one.kind, one.name) for one in judge(before, present, before=at).findings}
        seen[owner] = (present, known)
    for owner, after in facts_of(kind, list(doubted)):
        present, known = seen.pop(owner)
        judged = judge(after, present, before=at)
        judged.findings = [one for one in judged.findings if (one.kind, one.name) in known]
        yield owner, judged


def projects_in(names: Iterable[str]) -> frozenset[str]:
    """Return the projects in whose folders objects lie; none for those of self-tests."""
    return frozenset(name.split("/", 2)[1] for name in names)


def _folders(kind: str, owner: str, projects: Collection[str], facts: Facts) -> list[str]:
    """Return the folders where an owner's objects are, or should be; of any project, where they were found so."""
    if kind == SELF_TESTS:
        return list(FOLDERS[kind])
    named = projects_in((*facts.wanted, *facts.grown))
    return [f"{top}/{project}/{owner}" for top in FOLDERS[kind] for project in sorted(named.union(projects))]


def is_ours(one: StoredObject) -> bool:
    """Tell whether an object is one that Gilfoyle itself has written."""
    return one.is_plain and parse_name(one.name) is not None


def kind_of(family: str) -> str:
    """Return whose the objects of a family are."""
    if family == SELF_TEST:
        return SELF_TESTS
    return UPLOAD if family == UPLOAD_FAMILY else VIDEO


def facts_of(kind: str, owners: Collection[str]) -> Iterator[tuple[str, Facts]]:
    """Yield what the rows say of owners of a kind."""
    if kind == VIDEO:
        return facts_of_videos(owners)
    return (
        facts_of_uploads(owners) if kind == UPLOAD else ((owner, Facts(is_known=False)) for owner in owners)
    )


def video_ids() -> Iterator[str]:
    last = ""
    while some := list(Video.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from some
        last = some[-1]


def receiving_ids() -> Iterator[str]:
    receiving, last = Upload.objects.filter(status=upload_states.RECEIVING), ""
    while some := list(receiving.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield from some
        last = some[-1]


def batches_of(ids: Iterator[Item], *, of: int = BATCH) -> Iterator[list[Item]]:
    while batch := list(islice(ids, of)):
        yield batch


def _why_foreign(one: StoredObject) -> str:
    if not one.is_plain:
        return "it is a link, no file, or its name is no text: it is not followed"
    return "no object of Gilfoyle's has such a name"


def hash_source(video: Video, on_read: Callable[[int], None]) -> str:
    """Read a source through, decrypted where it is sealed; returns what is wrong with it, "" where nothing is."""
    digest = hashlib.sha256()
    try:
        opened = open_source(video)
        for piece in read_through(opened.read, opened.size_bytes, heartbeat=lambda: None):
            digest.update(piece)
            on_read(len(piece))
    except ObjectMissing:
        # Removed since it was listed: what is missing is found otherwise. Only IPFS lists what it may have lost.
        return "its name is there, and its bytes are not" if exists(name_of(video)) else ""
    except StorageFault:
        raise
    except GilfoyleError as error:
        return error.message
    return "" if digest.hexdigest() == video.source_sha256 else "its SHA-256 is not the one that is recorded"


def _is_still_source(video: Video) -> bool:
    return Video.objects.filter(
        pk=video.pk, source_upload_id=video.source_upload_id, source_version=video.source_version
    ).exists()
