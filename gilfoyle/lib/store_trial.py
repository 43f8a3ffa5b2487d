"""Sees whether a store does what it is for: an object is written, read back and removed; and whether two are two."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Thread
from typing import Any

import structlog
from django.core.files.storage import Storage

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage import ranges_of, write_to
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.storage_settings import Role
from gilfoyle.lib.store_marks import trusted
from gilfoyle.lib.store_places import every_store, role_of

log = structlog.get_logger(__name__)
FOLDER = "doctor"
# Each may be a link of its own to another disk. The names of self-tests there are in stores/names.py.
FOLDERS_OF_OBJECTS = ("sources", "uploads", "renditions", "tracks")
PATIENCE_S = 20.0
LEFT_S = 3600.0  # a trial takes no longer, whatever a store makes of it
_WRITTEN = b"doctor"
# What no waiting changes: the settings name a bucket that is not there, or keys that it does not take.
WRONG = frozenset(
    {
        "NoSuchBucket",
        "AccessDenied",
        "403",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidBucketName",
        "PermanentRedirect",
    }
)


def try_store(store: Storage) -> bool:
    """Tell whether what is read is what was written; nothing is left of it.

    Raises: NoSpace, StorageFault.
    """
    name = f"{FOLDER}/{random_text(16)}"
    write_to(store, name, [_WRITTEN])
    try:
        reader = ranges_of(store, name)
        return reader.read(0, reader.size_bytes) == _WRITTEN
    finally:
        with faults(name):
            store.delete(name)


@dataclass(slots=True)
class LeftTrials:
    """Removes, once in an hour, what trials left whose process was killed between writing and removing."""

    _next_at_s: float = 0.0

    def sweep(self, *, now_s: float | None = None) -> int:
        """Return how many were removed; a trial that goes on now is left alone. Raises: StorageFault."""
        now_s = time.time() if now_s is None else now_s
        if now_s < self._next_at_s:
            return 0
        removed = 0
        for _, store in every_store():
            for one in [*list_store(store, FOLDER)]:
                if one.changed_at < now_s - LEFT_S:
                    with faults(one.name):
                        store.delete(one.name)
                    removed += 1
        self._next_at_s = now_s + LEFT_S
        return removed


def find_shared_folder(one: Storage, other: Storage, *, roles: frozenset[Role]) -> str | None:
    """Return a folder of objects in which what is written to `other` shows in `one`; None where they are apart.

    Raises: NoSpace, StorageFault.
    """
    for folder in FOLDERS_OF_OBJECTS:
        if role_of(folder) not in roles:
            continue
        name = f"{folder}/selftest/{random_text(22)}"
        write_to(other, name, [_WRITTEN])
        try:
            with faults(name):
                if one.exists(name):
                    return folder
        finally:
            with faults(name):
                other.delete(name)
    return None


def find_wrong_store(*, patience_s: float = PATIENCE_S) -> tuple[str, str] | None:
    """Return the first store that can't work as it is set up, and why; None where all can, or may be able to soon.

    One that is merely away, or full, or slow, stops no start: nothing would then be up when it is back.
    """
    found: list[tuple[str, str] | None] = []
    # A thread of its own, which ends with the process: no answer may take minutes, with all tries of the client.
    trial = Thread(target=lambda: found.append(_find_wrong_store()), daemon=True, name="store-trial")
    trial.start()
    trial.join(patience_s)
    if not found:
        log.warning("store_not_usable", error="it gives no answer")
    return found[0] if found else None


def _find_wrong_store() -> tuple[str, str] | None:
    for name, store in every_store():
        try:
            with trusted():  # whether it is the right one is asked of the rows, once there are some
                is_well = try_store(store)
            if not is_well:
                return name, "what was read of it is not what was written"
        except (StorageFault, NoSpace) as fault:
            why = str(fault.facts.get("error", "")) or fault.message
            if is_wrong(fault):
                return name, why
            log.warning("store_not_usable", store=name, error=why)
    return None


def is_wrong(fault: Exception) -> bool:
    """Tell whether a fault is one of the settings, or of the rights in the folder."""
    cause: Any = fault.__cause__
    if isinstance(cause, PermissionError | NotADirectoryError | FileExistsError):
        return True
    answer: Any = getattr(cause, "response", None) or {}  # of what broke off in the middle boto says None
    return answer.get("Error", {}).get("Code") in WRONG
