"""Sees whether a store does what it is for: an object is written, read back and removed."""

from __future__ import annotations

from django.core.files.storage import Storage

from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage import ranges_of, write_to
from gilfoyle.lib.storage_faults import faults

FOLDER = "doctor"
_WRITTEN = b"doctor"


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
