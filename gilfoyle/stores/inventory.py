"""What lies in a store, written down on the disk while it is listed: memory stays the same, however much it is.

A private temporary database of SQLite, unlinked from the start: nothing of it is left, however the process ends. It
takes about 200 bytes an object, in the system's folder for temporary files (SQLITE_TMPDIR, TMPDIR).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from gilfoyle.lib.storage_listing import StoredObject

AT_ONCE = 1000
CACHE_KIB = 16 * 1024
_TABLES = """
PRAGMA cache_size = -{cache};
CREATE TABLE found (owner TEXT, name TEXT, size INTEGER, changed REAL, PRIMARY KEY (owner, name)) WITHOUT ROWID;
CREATE TABLE orphans (owner TEXT, name TEXT, PRIMARY KEY (owner, name)) WITHOUT ROWID;
"""


class Inventory:
    """Objects by their owners."""

    def __init__(self) -> None:
        # Of one thread at a time; autocommit, for a journal would be of no use to anybody.
        self._rows = sqlite3.connect("", isolation_level=None)
        self._rows.executescript(_TABLES.format(cache=CACHE_KIB))
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._waiting: list[tuple[str, str, int, float]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.close()

    def add(self, owner: str, one: StoredObject) -> None:
        """Note an object of an owner."""
        self._waiting.append((owner, one.name, one.size_bytes, one.changed_at))
        if len(self._waiting) >= AT_ONCE:
            self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)", self._waiting)
        self._rows.execute("COMMIT")
        self._waiting.clear()

    def take(self, owner: str) -> list[StoredObject]:
        """Return the objects of an owner, and forget them."""
        self._write()
        found = self._rows.execute(
            "SELECT name, size, changed FROM found WHERE owner = ? ORDER BY name", (owner,)
        ).fetchall()
        if found:
            self._rows.execute("DELETE FROM found WHERE owner = ?", (owner,))
        return [StoredObject(*row) for row in found]

    def left(self) -> Iterator[str]:
        """Yield the owners whose objects nobody has taken; each may be taken meanwhile."""
        self._write()
        owner = ""
        while True:
            row = self._rows.execute("SELECT min(owner) FROM found WHERE owner > ?", (owner,)).fetchone()
            if row[0] is None:
                return
            owner = row[0]
            yield owner

    def note_orphans(self, owner: str, names: Iterable[str]) -> None:
        """Note what nobody names."""
        self._rows.executemany(
            "INSERT OR IGNORE INTO orphans VALUES (?, ?)", [(owner, name) for name in names]
        )

    def orphans(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the owners of what nobody names, with its names."""
        owner = ""
        while True:
            row = self._rows.execute("SELECT min(owner) FROM orphans WHERE owner > ?", (owner,)).fetchone()
            if row[0] is None:
                return
            owner = row[0]
            names = self._rows.execute("SELECT name FROM orphans WHERE owner = ?", (owner,)).fetchall()
            yield owner, [name for (name,) in names]
