"""Which of the stores an object belongs in, and where else it may be while objects are moved.

Most set-ups have one store, Django's alias "media". Each further one that the settings name has an alias of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import Storage, storages

from gilfoyle.lib.storage_settings import MAIN, Role, StorageSettings

MEDIA = "media"
SOURCES: Role = "sources"
RENDITIONS: Role = "renditions"
ROLES: tuple[Role, ...] = (SOURCES, RENDITIONS)
_OF_SOURCES = frozenset({"sources", "uploads"})


def alias_of(store_name: str) -> str:
    """Return by which alias of Django's a store is known."""
    return MEDIA if store_name == MAIN else f"store_{store_name}"


def store_named(store_name: str) -> Storage:
    """Return a store that the settings name."""
    return storages[alias_of(store_name)]


def role_of(name: str) -> Role:
    """Return what an object, or a folder, is for."""
    return SOURCES if name.partition("/")[0] in _OF_SOURCES else RENDITIONS


def home_of(name: str) -> Storage:
    """Return the store that an object belongs in: it is written there."""
    return store_named(_named().name_of(role_of(name)))


def other_of(name: str) -> Storage | None:
    """Return the store where an object may be, too; None where nothing is being moved."""
    named = _named()
    if named.also_read in {"", named.name_of(role_of(name))}:
        return None
    return store_named(named.also_read)


def _named() -> StorageSettings:
    found: StorageSettings = settings.GILFOYLE.storage
    return found


def place_of(name: str) -> Storage:
    """Return the store to read an object from: its home, unless only the other one has it."""
    home, other = home_of(name), other_of(name)
    return other if other is not None and not home.exists(name) and other.exists(name) else home


def all_of(name: str) -> list[Storage]:
    """Return every store that may have an object, its home last."""
    other = other_of(name)
    return [home_of(name)] if other is None else [other, home_of(name)]


def is_moving() -> bool:
    """Tell whether objects may be in two stores."""
    return bool(_named().also_read)


def every_store() -> list[tuple[str, Storage]]:
    """Return each store that may have objects, with its name; homes last, for they are what counts."""
    named = _named()
    names = dict.fromkeys(filter(None, [named.also_read, *map(named.name_of, ROLES)]))
    homes = set(map(named.name_of, ROLES))
    return [(name, store_named(name)) for name in sorted(names, key=lambda name: name in homes)]


def may_have(store_name: str, name: str) -> bool:
    """Tell whether an object of this name belongs in a store, or may be there while it is moved."""
    named = _named()
    return store_name in {named.also_read, named.name_of(role_of(name))}
