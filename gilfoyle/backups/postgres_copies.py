"""The same of PostgreSQL, by its own programs: pg_dump sees the very moment that our transaction sees.

The programs must be of the server's major version. They get the address as arguments, and passwords by the environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection, transaction

from gilfoyle.backups.errors import BackupUnusable, CopyFailed
from gilfoyle.backups.folder import open_private, sync
from gilfoyle.stores.surveying import Progress

FILE = "database.pgdump"
MAGIC = b"PGDMP"
PROGRAMS = ("pg_dump", "pg_restore", "psql")
DEBIAN = "/usr/lib/postgresql"
# Takes away what lies in the schema, but for what belongs to an extension; the schema itself may be another's.
EMPTIED = """
DO $emptied$
DECLARE one record;
BEGIN
  FOR one IN SELECT format('%I.%I', n.nspname, c.relname) AS name,
      CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a') AND c.relkind IN ('S', 'r'))
  LOOP EXECUTE format('DROP %s IF EXISTS %s CASCADE', one.kind, one.name); END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name); END LOOP;
END $emptied$;
"""


def server_major() -> int:
    """Return the server's major version."""
    connection.ensure_connection()
    version: int = connection.pg_version  # type: ignore[attr-defined]  # of this backend alone
    return version // 10_000


def require_programs(major: int) -> Path:
    """Return the folder of the programs of a major version.

    Raises: CopyFailed.
    """
    found = shutil.which("pg_dump")
    folders = [*(folder for folder in [Path(DEBIAN, str(major), "bin")] if folder.is_dir())]
    folders += [Path(found).parent] if found else []
    seen = []
    for folder in folders:
        if any(not os.access(folder / program, os.X_OK) for program in PROGRAMS):
            continue
        said = _run([str(folder / "pg_dump"), "--version"], {}).decode(errors="replace").split()
        version = next((word for word in said if word[:1].isdigit()), "0")
        if version.split(".")[0] == str(major):
            return folder
        seen.append(version)
    there = f" Here is {', '.join(seen)}." if seen else ""
    message = f"The server is PostgreSQL {major}, and its programs {', '.join(PROGRAMS)} are needed.{there}"
    raise CopyFailed(message, hint=f"Install postgresql-client-{major} on the machine where you type this.")


@contextmanager
def frozen() -> Iterator[None]:
    """See the database within as it is now, whatever others write."""
    if connection.in_atomic_block:
        message = "The database can't be copied inside a transaction."
        raise CopyFailed(message)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def dump(path: Path, progress: Progress) -> None:
    """Dump what `frozen` holds; within it alone.

    Raises: CopyFailed, OSError.
    """
    folder = require_programs(server_major())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (moment,) = cursor.fetchone()
    open_private(path).close()
    wanted = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", "--file", str(path)]
    progress("dumping", 0)
    _ask(folder / "pg_dump", wanted)
    path.chmod(0o600)
    sync(path)


def check(path: Path) -> None:
    """See whether a dump looks like one; its SHA-256 tells the rest.

    Raises: BackupUnusable.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            message = "The database in this backup is no dump of PostgreSQL's."
            raise BackupUnusable(message)


def load(path: Path, progress: Progress) -> None:
    """Put a dump in the place of the database: one transaction, which any error undoes.

    Raises: CopyFailed.
    """
    folder = require_programs(server_major())
    with TemporaryDirectory(prefix="gilfoyle-restore-", dir=path.parent) as scratch:
        script, emptied = Path(scratch, "load.sql"), Path(scratch, "empty.sql")
        emptied.write_text(EMPTIED, encoding="utf-8")
        progress("loading", 0)
        _run(
            [str(folder / "pg_restore"), "--no-owner", "--no-privileges", f"--file={script}", str(path)],
            {},
        )
        connection.close()
        both = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        _ask(folder / "psql", [*both, f"--file={emptied}", f"--file={script}"])


def others_at_work() -> int:
    """Return how many other connections to the database there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (count,) = cursor.fetchone()
    return int(count)


def _ask(program: Path, arguments: Sequence[str]) -> None:
    """Run a program on our database."""
    given, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, list(arguments))
    _run([str(program), *given[1:]], environment or {})


def _run(command: Sequence[str], environment: dict[str, str]) -> bytes:
    try:
        ended = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        message = f"{command[0]} could not be started: {error.strerror}."
        raise CopyFailed(message) from None
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines()[:3]
        message = f"{Path(command[0]).name} failed: {' '.join(said) or f'exit code {ended.returncode}'}"
        raise CopyFailed(message)
    return ended.stdout
