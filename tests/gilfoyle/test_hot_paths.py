"""The hot paths at a million videos (docs/benchmarks/million.md), on a few: their queries go by indexes, and are as many for more rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.admin import site
from django.db import connection
from django.db.models import F
from django.db.utils import ProgrammingError

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.storage import save_bytes
from tests.benchmarks.million import shortened
from tests.benchmarks.million_paths import ADMIN, API, LISTS, RARE, SWEEP, Path, commands, hot_paths
from tests.benchmarks.million_rows import seed
from videos.access.holdings import COUNTED_ANEW
from videos.access.models import Holding
from videos.catalog.holdings import count_again
from videos.catalog.models import Video
from videos.usage.played import add_up_days

pytestmark = pytest.mark.django_db
VIDEOS, AS_IF_TIMES = 300, 3000
GROWING = (
    "videos_video", "videos_rendition", "videos_renditionrun", "videos_imageset", "videos_contentkey", "videos_encryptedrevision",
    "videos_sourcekey", "videos_videofingerprint", "videos_upload", "videos_uploadgrant", "videos_import", "videos_case",
    "videos_report", "videos_decision", "videos_restriction", "videos_auditentry", "videos_dailyplays", "videos_dailyuse",
    "videos_delivery", "videos_deliveryattempt", "videos_directupload", "videos_sparesource", "processing_job", "processing_step",
)  # fmt: skip

ROWS_OF_API = ("list, first page", "reports", "decisions", "deliveries")
# Pages of the newest: an index is read from its end until the page is full. An address has no state of its own to look for.
NEWEST_FIRST = {
    *(f"{ADMIN}: {name}" for name in LISTS.values()),
    *(f"{ADMIN}: {name}" for name in ("videos, deep page", "deliveries failed", "dashboard")),
    *(f"{ADMIN}: upload addresses {state}" for state in ("waiting", "finished")),
}
COUNTS = f"{SWEEP}: holdings"
# What is in many rows is found among the newest soon. SQLite has no index for what is in few, either: it reads them.
OFTEN = {f"{ADMIN}: {name}: search, harbour" for name in ("videos", "review queue")}
OFTEN |= {f"{ADMIN}: videos: search by creator"}
READ_BY_SQLITE = OFTEN | {
    *(
        f"{ADMIN}: {name}: search, {words}"
        for name in ("videos", "review queue")
        for words in (RARE, "nowhere")
    ),
    *(f"{ADMIN}: {name}" for name in ("videos: search by own id", "review queue: search by a video")),
}
# Of few rows, whatever there is: read whole they are short.
SHORT_INDEXES = {
    one.name
    for model in apps.get_models()
    for one in (*model._meta.indexes, *model._meta.constraints)
    if getattr(one, "condition", None) is not None
}


class Kept:
    """Keeps the statements of a path."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not many:
            self.statements.append((sql, params))
        return execute(sql, params, many, context)


def be_a_large_house() -> None:
    """Count and add up ahead, as the scheduler does: a page that reads all rows all the same is found."""
    count_again(large=1)
    Holding.objects.update(videos=F("videos") + COUNTED_ANEW)  # so that those of one project are many
    while add_up_days():
        pass


def statements_of(path: Path) -> list[tuple[str, Any]]:
    kept = Kept()
    with connection.execute_wrapper(kept):
        path.run()
    return kept.statements


def pretend_to_be_large() -> None:
    """Let the planner believe that there are a thousand times as many rows: it plans by what was counted."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        times = "UPDATE pg_class SET reltuples = reltuples * %s WHERE relname ~ '^(videos|processing)_'"
        try:
            cursor.execute(times, [AS_IF_TIMES])
        except ProgrammingError:
            pytest.skip("takes a superuser of PostgreSQL")
        # So that a table is read whole, or joined as a whole, only where there is no index for it.
        for way in ("seqscan", "mergejoin", "hashjoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


def whole_tables(sql: str, params: Any) -> Iterator[str]:
    """Yield what a statement reads whole."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            named: dict[str, str] = {
                alias: table for table, alias in re.findall(r'"(\w+)" (?:AS )?"?([A-Z]\d+)"?', sql)
            }
            for *_, detail in cursor.fetchall():
                scanned = re.match(r"SCAN (\w+)(.*)", detail)
                if scanned and named.get(scanned[1], scanned[1]) in GROWING:
                    yield detail
            return
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
        yield from _whole_in((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"], is_cut=False)


def _whole_in(node: dict[str, Any], *, is_cut: bool) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    if kind == "Limit":
        is_cut = True
    elif kind in {"Sort", "Aggregate", "Hash", "HashAggregate", "WindowAgg"}:
        is_cut = False
    if table in GROWING:
        if kind == "Seq Scan":
            yield f"reads all of {table}"
        elif kind in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node:
            words = f"walks {node['Index Name']}"
            yield (
                f"{words} until enough is found{': ' + node['Filter'] if 'Filter' in node else ''}"
                if is_cut
                else f"{words}, all of it"
            )
    for child in node.get("Plans", ()):
        yield from _whole_in(child, is_cut=is_cut)


def is_meant(path: str, words: str) -> bool:
    """Tell whether it is one of those above, or the scheduler's count of all videos, which others go by (catalog/holdings.py)."""
    index = re.search(r"(?:walks|INDEX) (\w+)", words)
    if index and (index[1] in SHORT_INDEXES or path == COUNTS):
        return True
    return path in NEWEST_FIRST | (READ_BY_SQLITE if connection.vendor == "sqlite" else OFTEN)


def test_each_query_of_a_hot_path_goes_by_an_index() -> None:
    seed(VIDEOS, root_secret=django_settings.GILFOYLE_ROOT_SECRET, say=lambda _words: None)
    if connection.vendor == "postgresql":
        pretend_to_be_large()
    be_a_large_house()
    found: dict[str, str] = {}
    for path in hot_paths():
        name = f"{path.kind}: {path.name}"
        for sql, params in statements_of(path):
            for words in whole_tables(sql, params):
                if not is_meant(name, words):
                    found.setdefault(f"{name}: {words}", shortened(sql))
    assert not found, "\n".join(f"{words}\n    {sql}" for words, sql in found.items())


@pytest.mark.usefixtures("media_dir")  # what lies on IPFS is listed from rows of its own
@pytest.mark.parametrize("line", ["gc --dry-run", "storage verify"])
def test_a_look_through_the_store_asks_for_many_owners_at_once_and_by_indexes(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(VIDEOS, root_secret=django_settings.GILFOYLE_ROOT_SECRET, say=lambda _words: None)
    for video in Video.objects.filter(status="ready")[:VIDEOS]:
        save_bytes(f"tracks/{video.project_id}/{video.pk}/{video.pk}.vtt", b"WEBVTT")
        save_bytes(f"uploads/{video.project_id}/upl_{video.pk[4:]}/piece", b"piece")
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: 4e9)  # all of it is old
    if connection.vendor == "postgresql":
        pretend_to_be_large()
    (path,) = [path for path in commands() if path.name == line]
    statements = statements_of(path)
    assert len(statements) < VIDEOS, "some for each batch, none for each owner"
    read_whole = {
        f"{words}\n    {shortened(sql)}"
        for sql, params in statements
        for words in whole_tables(sql, params)
        if "uploads/" not in str(params)
    }
    assert not read_whole, "\n".join(read_whole)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL alone has these indexes")
@pytest.mark.parametrize(
    ("name", "index"), [("text, nowhere", "video_texts"), ("metadata, nowhere", "video_metadata")]
)
def test_what_is_in_few_videos_is_found_by_its_index(name: str, index: str) -> None:
    seed(VIDEOS, root_secret=django_settings.GILFOYLE_ROOT_SECRET, say=lambda _words: None)
    pretend_to_be_large()
    (path,) = [path for path in hot_paths() if (path.kind, path.name) == (API, name)]
    with connection.cursor() as cursor:
        plans = []
        for sql, params in statements_of(path):
            cursor.execute(f"EXPLAIN {sql}", params)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert any(index in plan for plan in plans), "\n\n".join(plans)


def test_a_page_costs_as_many_queries_with_fifty_rows_as_with_five(monkeypatch: pytest.MonkeyPatch) -> None:
    seed(VIDEOS, root_secret=django_settings.GILFOYLE_ROOT_SECRET, say=lambda _words: None)
    wanted = {*((ADMIN, name) for name in LISTS.values()), *((API, name) for name in ROWS_OF_API)}
    lists = [path for path in hot_paths() if (path.kind, path.name) in wanted]
    assert len(lists) == len(wanted)

    def counted() -> dict[str, int]:
        return {f"{path.kind}: {path.name}": len(statements_of(path)) for path in lists}

    counted()  # the first of all also notes that a key was used today
    of_fifty = counted()
    monkeypatch.setattr(NewestFirst, "page_size", 5)
    for page in site._registry.values():
        monkeypatch.setattr(page, "list_per_page", 5)
    assert counted() == of_fifty
