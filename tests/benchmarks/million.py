"""The benchmark of a large house: `python -m tests.benchmarks.million [--videos N] [--database URL] [--only WORDS] [--write]`.

It fills an empty database with a million videos and all that hangs on them, and asks for each hot path: how many queries,
how much CPU of this process and of PostgreSQL's, how long. Nothing that a path writes is kept. A database that is full
already is measured as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path as File
from typing import Any

import django

MOST_SMALL = (
    10_000  # a tenth of what makes a house large: so that its ways are measured in a smaller one, too
)
TRIES, TRIES_OF_SLOW, SLOW_S = 5, 2, 2.0
INDEXES_OF_SQLITE = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND sql NOT LIKE '%UNIQUE%'"
)
INDEXES_OF_POSTGRESQL = """
SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND i.indexdef NOT LIKE '%UNIQUE%'
AND (i.tablename LIKE 'videos%' OR i.tablename LIKE 'processing%')
"""
PAGE = File(__file__).resolve().parents[2] / "docs" / "benchmarks" / "million.md"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one path costs: milliseconds of CPU (ours and the database's) and by the clock, the least of some tries."""

    kind: str
    name: str
    queries: int
    cpu_ms: float
    database_ms: float
    wall_ms: float
    slowest_ms: float
    slowest: str


class Undone(Exception):
    """Ends the transaction of a path."""


class Watch:
    """Counts the queries of this process, and what each takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began_s = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET LOCAL")):
                self.taken.append((time.perf_counter() - began_s, sql))


def server_process() -> File | None:
    """Return where the kernel tells the CPU time of PostgreSQL's process that serves us, where it runs on this machine."""
    from django.db import connection  # noqa: PLC0415 - after the set-up

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        told = File(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return told if told.exists() else None


def cpu_s_of(process: File | None) -> float:
    return int(process.read_text().split()[0]) / 1e9 if process else 0.0


@contextmanager
def _undone() -> Iterator[None]:
    from django.db import connection, transaction  # noqa: PLC0415 - after the set-up

    try:
        with transaction.atomic():
            yield
            raise Undone  # noqa: TRY301 - what ends the transaction is the point
    except Undone:
        connection.run_on_commit = []


def measure(path: Any) -> Cost:
    """Run a path some times, and return the least that it cost."""
    from django.db import connection  # noqa: PLC0415 - after the set-up

    tried: list[Cost] = []
    tries = TRIES
    while len(tried) < tries:
        watch, process = Watch(), server_process()
        with _undone(), connection.execute_wrapper(watch):
            before = (time.process_time(), cpu_s_of(process), time.perf_counter())
            path.run()
            after = (time.process_time(), cpu_s_of(process), time.perf_counter())
        cpu, database, wall = (1000 * (late - early) for early, late in zip(before, after, strict=True))
        slowest, sql = max(watch.taken, default=(0.0, ""))
        tried.append(Cost(path.kind, path.name, len(watch.taken), cpu, database, wall, 1000 * slowest, sql))
        if wall > 1000 * SLOW_S:
            tries = TRIES_OF_SLOW
    return min(tried, key=lambda one: (one.cpu_ms + one.database_ms, one.wall_ms))


def fill(videos: int, *, root_secret: bytes) -> None:
    """Fill the database as one is restored: what each row refers to is not looked at, and indexes are built at the end."""
    from django.db import connection  # noqa: PLC0415 - after the set-up

    from tests.benchmarks.million_rows import seed  # noqa: PLC0415

    is_sqlite = connection.vendor == "sqlite"
    before = ["PRAGMA foreign_keys=OFF", "PRAGMA synchronous=OFF", "PRAGMA cache_size=-3000000"]
    with connection.cursor() as cursor:
        for one in before if is_sqlite else ["SET session_replication_role = replica"]:
            cursor.execute(one)
        cursor.execute(INDEXES_OF_SQLITE if is_sqlite else INDEXES_OF_POSTGRESQL)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        seed(videos, root_secret=root_secret, say=_say)
        began_s = time.monotonic()
        for _, how in indexes:
            cursor.execute(how)
        _say(f"{len(indexes)} indexes in {time.monotonic() - began_s:.0f} s")
        if not is_sqlite:
            cursor.execute("VACUUM ANALYZE")
    connection.close()


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def shortened(sql: str) -> str:
    """Return a statement without the names of its columns."""
    return re.sub(r"SELECT (DISTINCT )?.{300,}? FROM ", r"SELECT \1… FROM ", sql)[:1500]


def _make_house(given: argparse.Namespace) -> None:
    """See that the database is migrated and full, and that the scheduler's counts are there as it leaves them."""
    from django.conf import settings  # noqa: PLC0415 - after the set-up
    from django.core.management import call_command  # noqa: PLC0415
    from django.test.utils import setup_test_environment  # noqa: PLC0415

    from tests.benchmarks.million_objects import store_all  # noqa: PLC0415
    from videos.catalog.holdings import count_again  # noqa: PLC0415
    from videos.models import Video  # noqa: PLC0415
    from videos.usage.played import add_up_days  # noqa: PLC0415

    setup_test_environment(debug=False)
    call_command("migrate", verbosity=0)
    if not Video.objects.exists():
        fill(given.videos, root_secret=settings.GILFOYLE_ROOT_SECRET)
    if given.media:
        _say(f"{store_all():,} objects")
    count_again(large=MOST_SMALL)
    while add_up_days():
        pass


def _told() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--videos", type=int, default=1_000_000, help="so many, where the database is empty"
    )
    arguments.add_argument("--data", required=True, help="a folder for SQLite and the files")
    arguments.add_argument(
        "--database", default="", help="postgres://… of an empty database; without it SQLite"
    )
    arguments.add_argument("--only", default="", help="the paths whose kind or name has this")
    arguments.add_argument(
        "--commands", action="store_true", help="also the commands that go through everything"
    )
    arguments.add_argument(
        "--media",
        action="store_true",
        help="also make the files that the rows name: 41 a video, without blocks",
    )
    arguments.add_argument("--save", default="", help="a file of JSON for what was measured")
    return arguments.parse_args()


def main() -> None:
    given = _told()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        "GILFOYLE_DATA_DIR": given.data,
        "GILFOYLE_BROKER_URL": "stub",
        "GILFOYLE_SECRET_KEY": "the benchmark keeps no secrets; this only has to be long enough",
        "GILFOYLE_DATABASE_URL": given.database,
    }
    File(given.data).mkdir(parents=True, exist_ok=True)
    django.setup()
    from tests.benchmarks.million_paths import commands, hot_paths  # noqa: PLC0415 - after the set-up

    _make_house(given)
    costs: list[Cost] = []
    for path in [*hot_paths(), *(commands() if given.commands else ())]:
        if given.only not in f"{path.kind} {path.name}":
            continue
        try:
            one = measure(path)
        except Exception as error:  # noqa: BLE001 - the others are to be measured, too
            sys.stdout.write(f"{path.kind}: {path.name}: {type(error).__name__}: {str(error)[:300]}\n")
            continue
        costs.append(one)
        shown = f"{one.queries:4} queries, {one.cpu_ms:8.1f} + {one.database_ms:8.1f} ms of CPU, {one.wall_ms:8.1f} ms"
        slow = f"\n      {one.slowest_ms:.0f} ms: {shortened(one.slowest)}" if one.slowest_ms > 30 else ""
        sys.stdout.write(f"{one.kind:7} {one.name:34} {shown}{slow}\n")
        sys.stdout.flush()
    if given.save:
        File(given.save).write_text(json.dumps([asdict(one) for one in costs], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
