"""Lists of hashes: made, filled, switched on and off, written out. Every change is one that processes notice."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Count, Q

from gilfoyle.lib.transactions import atomic
from videos.audit.services import record
from videos.errors import HashListNotFound
from videos.fingerprints.appearances import QUERY_RATE
from videos.fingerprints.banning import next_version
from videos.fingerprints.list_files import OF_PICTURES, Entry
from videos.fingerprints.models import (
    EXACT_KINDS,
    HASH_BYTES,
    HOLD,
    BlockedFingerprint,
    FingerprintMatch,
    HashList,
)
from videos.fingerprints.sealing import open_hashes, seal_hashes

BATCH = 1000


@dataclass(frozen=True, slots=True)
class ListSummary:
    """What a list holds and has found."""

    name: str
    origin: str
    action: str
    enabled: bool
    bans: Mapping[str, int]  # by kind
    matches: Mapping[str, int]  # by verdict


@dataclass(slots=True)
class Held:
    """What a list holds now: entries by kind, and how many of them are for one project alone, or can't be read."""

    bans: dict[str, int] = field(default_factory=dict)
    in_project: int = 0
    unreadable: int = 0

    @property
    def entries(self) -> int:
        return sum(self.bans.values())


def get_list(name: str) -> HashList:
    """Return a list. Raises: HashListNotFound."""
    found = HashList.objects.filter(name=name).first()
    if found is None:
        message = f"There is no hash list {name!r}."
        known = ", ".join(HashList.objects.values_list("name", flat=True)[:20])
        raise HashListNotFound(message, hint=f"There are: {known}." if known else "There is none at all.")
    return found


@atomic
def ensure_list(*, name: str, action: str = HOLD) -> HashList:
    """Return the list of a name, made where it is not there yet; what follows from one that is there stays as it was."""
    found, _ = HashList.objects.get_or_create(name=name, defaults={"action": action})
    return found


@atomic
def switch_list(*, name: str, enabled: bool) -> bool:
    """Look for what a list holds, or no longer; False where it was so already.

    Raises: HashListNotFound.
    """
    found = get_list(name)
    if found.enabled == enabled:
        return False
    # What it holds counts as new: the library is searched for it.
    found.enabled, found.version = enabled, next_version()
    found.save(update_fields=["enabled", "version"])
    record(
        "hash_list.enabled" if enabled else "hash_list.disabled", object_type="hash_list", object_id=found.pk
    )
    return True


def import_entries(
    *, hash_list: HashList, entries: Iterable[Entry], on_progress: Callable[[int], None] = lambda _count: None
) -> Counter[str]:
    """Put entries on a list; returns how many bans of each kind are on it now because of them.

    In parts, each of which stands by itself and has its entry in the audit: what was interrupted is done by doing it
    again. What is on the list already stays, and what was taken back counts again.
    """
    counts: Counter[str] = Counter()
    pictures: dict[tuple[str, str], list[Entry]] = {}
    files = _files_of(entries, pictures)
    while part := list(islice(files, BATCH)):
        counts.update(_put_part(hash_list, files=part))
        on_progress(len(part))
    for videos in _parts_of(pictures.values()):
        counts.update(_put_part(hash_list, videos=videos))
        on_progress(sum(len(shown) for shown in videos))
    return counts


def _parts_of(videos: Iterable[list[Entry]]) -> Iterator[list[list[Entry]]]:
    """Yield videos together that have about BATCH pictures, or one that alone has more."""
    part: list[list[Entry]] = []
    count = 0
    for shown in videos:
        part.append(shown)
        count += len(shown)
        if count >= BATCH:
            yield part
            part, count = [], 0
    if part:
        yield part


@atomic
def _put_part(
    hash_list: HashList, *, files: Sequence[Entry] = (), videos: Sequence[list[Entry]] = ()
) -> Counter[str]:
    version = next_version()
    counts = _put_files(hash_list, files, version)
    for shown in videos:
        _put_pictures(hash_list, shown, version)
        counts[shown[0].kind] += 1
    record("hash_list.filled", object_type="hash_list", object_id=hash_list.pk, data={"bans": dict(counts)})
    return counts


def _files_of(entries: Iterable[Entry], pictures: dict[tuple[str, str], list[Entry]]) -> Iterator[Entry]:
    """Yield the entries of whole files, and put those of pictures together by their videos."""
    for entry in entries:
        if entry.kind in OF_PICTURES:
            pictures.setdefault((entry.kind, entry.reference), []).append(entry)
        else:
            yield entry


def _put_files(hash_list: HashList, entries: Iterable[Entry], version: int) -> Counter[str]:
    different = {(entry.kind, entry.digest): entry for entry in entries}
    rows = [
        BlockedFingerprint(
            hash_list=hash_list, kind=kind, digest=digest, reference=entry.reference, version=version
        )
        for (kind, digest), entry in different.items()
    ]
    BlockedFingerprint.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["hash_list", "kind", "digest", "project_id"],
        update_fields=["reference", "version", "revoked_at"],
    )
    return Counter(kind for kind, _digest in different)


def _put_pictures(hash_list: HashList, shown: list[Entry], version: int) -> None:
    """Put the pictures of one video on a list, which `shown` are: at least one."""
    hashes = b"".join(bytes.fromhex(one.digest) for one in shown)
    moments = b"".join(round(one.at_s * QUERY_RATE).to_bytes(4, "little") for one in shown)
    ban, _ = BlockedFingerprint.objects.update_or_create(
        hash_list=hash_list,
        kind=shown[0].kind,
        digest=hashlib.sha256(hashes).hexdigest(),
        project_id="",
        defaults={
            "reference": shown[0].reference,
            "version": version,
            "revoked_at": None,
            "unreadable_at": None,
        },
    )
    ban.hashes, ban.moments, ban.hash_count = seal_hashes(hashes, owner=ban.pk), moments, len(shown)
    ban.save(update_fields=["hashes", "moments", "hash_count"])


def export_entries(*, hash_list: HashList, kinds: Iterable[str] = ()) -> Iterator[Entry]:
    """Yield what a list holds, as files of hashes have it; of pictures every view is one.

    Raises: KeyUnusable.
    """
    bans = hash_list.bans.filter(revoked_at__isnull=True).order_by("kind", "pk")
    if wanted := tuple(kinds):
        bans = bans.filter(kind__in=wanted)
    for ban in bans.iterator(chunk_size=100):
        reference = ban.reference or ban.video_id
        if ban.kind in EXACT_KINDS:
            yield Entry(ban.kind, ban.digest, reference)
        elif ban.hashes is not None:
            yield from _pictures_of(ban, reference or ban.pk)


def _pictures_of(ban: BlockedFingerprint, reference: str) -> Iterator[Entry]:
    hashes, moments = open_hashes(bytes(ban.hashes or b""), owner=ban.pk), bytes(ban.moments or b"")
    for number, at in enumerate(range(0, len(hashes), HASH_BYTES)):
        third = int.from_bytes(moments[4 * number : 4 * number + 4], "little")
        yield Entry(ban.kind, hashes[at : at + HASH_BYTES].hex(), reference, round(third / QUERY_RATE, 3))


def summarise_lists() -> list[ListSummary]:
    """Return what there is, by name; in three queries."""
    lists = list(HashList.objects.all())
    held, found = count_held(lists), count_found(lists)
    return [
        ListSummary(one.name, one.origin, one.action, one.enabled, held[one.pk].bans, found[one.pk])
        for one in lists
    ]


def count_held(lists: Iterable[HashList]) -> dict[str, Held]:
    """Return what each list holds, by its id; in one query."""
    counted = {one.pk: Held() for one in lists}
    alive = BlockedFingerprint.objects.filter(hash_list__in=list(counted), revoked_at__isnull=True)
    rows: Any = alive.values_list("hash_list_id", "kind").annotate(
        entries=Count("pk"), in_one=Count("pk", filter=~Q(project_id="")), bad=Count("unreadable_at")
    )
    for list_id, kind, entries, in_project, unreadable in rows.order_by("kind"):
        held = counted[list_id]
        held.bans[kind] = entries
        held.in_project += in_project
        held.unreadable += unreadable
    return counted


def count_found(lists: Iterable[HashList]) -> dict[str, dict[str, int]]:
    """Return how often each list was recognised, by its id and by verdict; also by what is no longer on it."""
    counted: dict[str, dict[str, int]] = {one.pk: {} for one in lists}
    found: Any = FingerprintMatch.objects.filter(ban__hash_list__in=list(counted)).order_by()
    for list_id, verdict, count in found.values_list("ban__hash_list_id", "verdict").annotate(Count("pk")):
        counted[list_id][verdict] = count
    return counted
