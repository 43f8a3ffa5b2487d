"""A database of each earlier version that is kept becomes one of this version, and says the same (docs/release.md)."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import ROOT
from tests.upgrade.keep import DATABASE, environment, load

KEPT = sorted((Path(__file__).parent / "kept").glob("*.sql.gz"))
# What is surely migrated: of the last commit before these.
MIGRATED = {
    "before-0.1.0.sql.gz": {
        "videos.0047_lists_of_a_million",
        "videos.0048_searches_of_a_million",
        "videos.0049_unused_addresses",
        "videos.0050_sums_of_a_large_house",
        "gilfoyle.0002_lease",
    }
}
PASSING = {"django_session"}  # whoever was signed in signs in again


def rows_of(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - from the schema
            for name in names
            if not name.startswith("sqlite_")
        }


def look(folder: Path) -> dict[str, Any]:
    """Return what is found in the folder's database after the upgrade, which it does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrade.look"],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name.removesuffix(".sql.gz"))
def test_it_is_migrated_and_nothing_is_lost(file: Path, tmp_path: Path) -> None:
    load(file, tmp_path / DATABASE)
    before = rows_of(tmp_path / DATABASE)
    assert sum(count > 0 for count in before.values()) >= 20  # it is a house in use
    found = look(tmp_path)
    assert MIGRATED.get(file.name, set()) <= set(found["migrated"])
    assert found["pending"] == []
    after = rows_of(tmp_path / DATABASE)
    fewer = {table for table, count in before.items() if after.get(table, 0) < count}
    assert fewer <= PASSING
    assert set(found["rows"]) <= set(after)  # each was read through its model
    assert found["audit"]["is_whole"], found["audit"]
    assert found["keys"] == 1
    api = found["api"]
    assert {video["title"] for video in api["videos"]["results"]} == {
        "The harbour",
        "The bridge",
        "Release party",
        "Holiday",
    }
    assert api["video"]["metadata"] == {"place": "pier 4"}
    assert [chapter["title"] for chapter in api["chapters"]["chapters"]] == ["Opening"]
    assert [track["language"] for track in api["tracks"]] == ["de"]
    assert api["restriction"]["level"] == "held"
    assert api["reports"]["results"][0]["comment"] == "At 0:42."
    assert api["webhooks"]["results"][0]["url"] == "https://example.com/webhooks"
    assert [name for name, answer in api.items() if "refused" in answer] == []
