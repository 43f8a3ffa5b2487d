"""Two stores and a move between them: `main`, a folder, is filled, and `new` takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.store_places import store_named
from gilfoyle.stores.moving import Move, hash_of
from gilfoyle.stores.planning import plan_move
from tests.bucket import use_stores

SOURCE, PIECE, TEXT = "sources/p/v/u/source", "uploads/p/u/a", "tracks/p/v/t.vtt"
SEGMENTS = [f"renditions/p/v/r/v360/{number:05d}.m4s" for number in range(4)]
ALL = {SOURCE, PIECE, TEXT, *SEGMENTS}
MOVED = {"sources": "new", "renditions": "new", "also_read": "main"}


def folder_store(tmp_path: Path) -> dict[str, Any]:
    return {"name": "new", "path": str(tmp_path / "new")}


def fill(settings: Any) -> None:
    use_stores(settings)
    for name in ALL:
        storage.save_bytes(name, name.encode() * 50)


def begin(settings: Any, new: dict[str, Any], **changes: Any) -> Move:
    use_stores(settings, others=[new], **{**MOVED, **changes})
    return plan(settings)


def plan(settings: Any, *, is_last: bool = False) -> Move:
    return plan_move(
        settings.GILFOYLE.storage,
        source="main",
        target="new",
        progress=lambda _what, _count: None,
        is_last=is_last,
        parallel=2,
    )


def hashes(store_name: str) -> dict[str, str]:
    store = store_named(store_name)
    return {one.name: hash_of(store, one.name) for one in list_store(store)}
