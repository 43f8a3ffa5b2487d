"""A stand-in for a bucket that takes parts, in memory and a folder: for tests of what rows become of.

What a real one does is seen in test_direct_views.py and tests/gilfoyle/lib/test_storage_multiparts.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage_multiparts import Parts, PartsGone, PartsRefused, SignedPart, StoredPart

GONE, REFUSED = "There is no such transfer.", "These are other parts."


class PartsStore:
    """Takes the place of `gilfoyle.lib.storage_multiparts` while a test runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.transfers: dict[str, dict[int, bytes]] = {}
        self._names: dict[str, str] = {}
        self.ttl_s = 0  # of the last address
        self._folder = folder
        for name in ("begin_parts", "sign_part", "list_parts", "join_parts", "give_up_parts"):
            monkeypatch.setattr(storage_multiparts, name, getattr(self, name))
        monkeypatch.setattr(storage_multiparts, "move_within", storage.copy_object)
        monkeypatch.setattr(storage_multiparts, "is_possible", lambda: True)
        monkeypatch.setattr(storage_multiparts, "is_sealed_when_joined", lambda: False)

    def begin_parts(self, name: str, *, content_type: str) -> Parts:
        del content_type
        store_id = random_text(22)
        self.transfers[store_id], self._names[store_id] = {}, name
        return Parts(name, store_id)

    def sign_part(self, parts: Parts, *, number: int, ttl_s: int, **_rest: Any) -> SignedPart:
        self.ttl_s = ttl_s
        return SignedPart(f"{parts.store_id}/{number}", {})

    def take(self, url: str, data: bytes) -> str:
        """Take a part at its address; returns its entity tag."""
        store_id, number = url.split("/")
        self._sent(store_id)[int(number)] = data
        return _tag(data)

    def _sent(self, store_id: str) -> dict[int, bytes]:
        if store_id not in self.transfers:
            raise PartsGone(GONE)
        return self.transfers[store_id]

    def list_parts(self, parts: Parts) -> list[StoredPart]:
        sent = sorted(self._sent(parts.store_id).items())
        return [StoredPart(number, len(data), _tag(data)) for number, data in sent]

    def join_parts(self, parts: Parts, stored: Sequence[StoredPart]) -> None:
        if self.list_parts(parts) != list(stored):
            raise PartsRefused(REFUSED)
        storage.save_stream(parts.name, [data for _, data in sorted(self.transfers[parts.store_id].items())])
        del self.transfers[parts.store_id]

    def give_up_parts(self, name: str, store_id: str) -> None:
        for one in [store_id] if store_id else [one for one, of in self._names.items() if of == name]:
            self.transfers.pop(one, None)

    def names(self) -> list[str]:
        paths = [path for path in self._folder.rglob("*") if path.is_file()]
        return [path.relative_to(self._folder).as_posix() for path in paths]


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
