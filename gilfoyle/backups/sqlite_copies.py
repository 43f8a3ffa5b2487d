"""A copy of a database of SQLite while others go on writing to it, and one that is put in its place in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from gilfoyle.backups.errors import BackupUnusable, CopyFailed
from gilfoyle.backups.folder import open_private, sync
from gilfoyle.stores.surveying import Progress

FILE = "database.sqlite3"
PAGES = 2000
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@contextmanager
def frozen() -> Iterator[None]:
    """See the database within as it is now, whatever others write; nobody waits for that."""
    connection.ensure_connection()
    if connection.in_atomic_block:
        message = "The database can't be copied inside a transaction."
        raise CopyFailed(message)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        cursor.execute("SELECT count(*) FROM sqlite_master")  # only what is read holds the moment
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def dump(path: Path, progress: Progress) -> None:
    """Copy what `frozen` holds to a file, by SQLite's own online backup.

    Raises: CopyFailed, OSError.
    """
    connection.ensure_connection()
    copy_database(_raw(), path, progress)


def copy_database(source: sqlite3.Connection, path: Path, progress: Progress) -> None:
    """Copy a database to a private file that is durable when this returns. Raises: CopyFailed, OSError."""
    open_private(path).close()
    with closing(sqlite3.connect(path)) as copy:
        _copy(source, copy, progress)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file, and nothing beside it
    sync(path)


def _raw() -> sqlite3.Connection:
    raw: sqlite3.Connection = connection.connection
    return raw


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress) -> None:
    def advance(status: int, left: int, total: int) -> None:
        if status in _HELD:  # it would be tried for ever
            message = "Somebody else uses the database."
            raise CopyFailed(message, hint="Is Gilfoyle, or another program, at work on it?")
        progress("copied pages", min(PAGES, total - left))

    try:
        source.backup(target, pages=PAGES, progress=advance)
    except sqlite3.Error as error:
        message = f"The database could not be copied: {error}."
        raise CopyFailed(message) from None


def check(path: Path) -> None:
    """See whether a copy is a whole database; nothing is written.

    Raises: BackupUnusable.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            told = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        told = [str(error)]
    if told != ["ok"]:
        message = f"The database in this backup is damaged: {'; '.join(map(str, told))}."
        raise BackupUnusable(message)


def load(path: Path, progress: Progress) -> None:
    """Put a copy in the place of the database: one transaction, which a crash undoes.

    Raises: CopyFailed.
    """
    connection.ensure_connection()
    if connection.in_atomic_block:
        message = "The database can't be replaced inside a transaction."
        raise CopyFailed(message)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        _copy(copy, _raw(), progress)
    connection.close()
