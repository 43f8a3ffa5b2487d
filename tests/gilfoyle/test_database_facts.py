import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from gilfoyle.database_facts import describe_database, say_if_empty
from tests.embedded import ROOT


@pytest.mark.django_db
def test_the_database_tells_its_kind_version_and_isolation() -> None:
    words = describe_database()
    expected = {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1", "cockroachdb": "CockroachDB "}
    assert words.startswith(expected[connection.vendor])
    assert words.endswith(("one writer at a time", "read committed", "serializable"))


@pytest.mark.django_db
def test_a_database_with_tables_is_not_empty() -> None:
    assert say_if_empty() == ""


def test_a_command_in_a_folder_where_nothing_runs_says_which_folder_that_is(tmp_path: Path) -> None:
    argv = [sys.executable, "manage.py", "create_api_key", "--project", "Default", "--quiet"]
    environment = {"PATH": os.environ["PATH"], "GILFOYLE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Nothing was started in {tmp_path} yet")
    assert "GILFOYLE_DATA_DIR" in done.stderr
    assert len(done.stderr.splitlines()) == 1
