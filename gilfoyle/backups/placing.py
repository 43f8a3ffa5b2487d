"""The objects of a backup come back into the store, and harm nothing of the database that is still in use.

What is missing is added at once. What is another object by now waits until the database is replaced, for until then the
present rows may need it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gilfoyle.backups.checking import kept_objects, pieces_of
from gilfoyle.backups.folder import AT_ONCE
from gilfoyle.backups.taking import UNLIKE
from gilfoyle.lib import storage
from gilfoyle.lib.storage_faults import ObjectMissing
from gilfoyle.lib.store_marks import trusted
from gilfoyle.stores.names import SOURCE, UPLOAD, parse_name
from gilfoyle.stores.surveying import Progress

MISSING, THERE, ANOTHER = "missing", "there", "another"
_GROWING = frozenset({SOURCE, UPLOAD})  # while they arrive


@dataclass(slots=True)
class Placed:
    """How many objects were added, and which wait."""

    added: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list)


def add_objects(folder: Path, *, without: set[str], progress: Progress) -> Placed:
    """Add what is missing, but for videos that are destroyed (`without`); what is another object waits, proven whole.

    Raises: BackupUnusable, StorageFault, NoSpace.
    """
    placed = Placed()
    for line in kept_objects(folder):
        progress("objects", 1)
        parsed = parse_name(line["name"])
        if parsed is not None and parsed.family != UPLOAD and parsed.owner in without:
            continue
        state = _state_of(line)
        if state == MISSING:
            place_object(folder, line)
            placed.added += 1
        elif (
            state == ANOTHER and line["state"] != UNLIKE
        ):  # what was damaged when it was copied is better than nothing alone
            for _ in pieces_of(folder, line):
                pass
            placed.waiting.append(line)
    return placed


def place_object(folder: Path, line: dict[str, Any]) -> None:
    """Store an object, in the place of whatever has its name. Raises: BackupUnusable, StorageFault, NoSpace."""
    with trusted():  # the rows that name it are about to come, or have just
        storage.save_stream(line["name"], _whole(folder, line))


def _whole(folder: Path, line: dict[str, Any]) -> Iterator[bytes]:
    yield from pieces_of(folder, line)


def _state_of(line: dict[str, Any]) -> str:
    """Look at what has the name of an object now; what grew since the backup is there."""
    name, size_bytes = line["name"], line["size_bytes"]
    try:
        now_bytes = storage.size_of(name)
        parsed = parse_name(name)
        may_be_longer = parsed is not None and parsed.family in _GROWING
        if now_bytes < size_bytes or (now_bytes > size_bytes and not may_be_longer):
            return ANOTHER
        return THERE if _hash_of_beginning(name, size_bytes) == line["sha256"] else ANOTHER
    except ObjectMissing:
        return MISSING


def _hash_of_beginning(name: str, size_bytes: int) -> str:
    digest = hashlib.sha256()
    with storage.open_stored(name) as stored:
        while size_bytes and (piece := stored.read(min(AT_ONCE, size_bytes))):
            digest.update(piece)
            size_bytes -= len(piece)
    return digest.hexdigest()
