"""The files of SQLite as they lie on the disk, read by another process.

Whoever closes a file drops all locks that its own process holds on it (POSIX), SQLite's among them: then another process
takes itself for the last one, removes the log that is still written to, and the database is broken.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from django.db import connection


def read_database_files() -> bytes:
    """Return the bytes of the tests' database, with its log."""
    file = Path(connection.settings_dict["NAME"])
    paths = sorted(file.parent.glob(f"{file.name}*"))
    return subprocess.run(["cat", *paths], check=True, stdout=subprocess.PIPE).stdout
