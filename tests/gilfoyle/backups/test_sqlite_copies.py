import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection, transaction

from gilfoyle.backups import sqlite_copies
from gilfoyle.backups.errors import BackupUnusable, CopyFailed
from tests.factories import make_video
from tests.gilfoyle.backups.taken import silent
from videos.catalog.models import Video

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite alone"),
]


def in_another_connection(statement: str) -> None:
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=20)) as other:
        other.execute(statement)
        other.commit()


def test_it_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    make_video(title="Before")
    with sqlite_copies.frozen():
        in_another_connection("UPDATE videos_video SET title = 'After'")
        assert Video.objects.get().title == "Before"
        sqlite_copies.dump(tmp_path / "copy", silent)
    assert Video.objects.get().title == "After"
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT title FROM videos_video").fetchall() == [("Before",)]
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]


def test_loading_is_one_transaction_that_waits_for_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_video(title="Before")
    with sqlite_copies.frozen():
        sqlite_copies.dump(tmp_path / "copy", silent)
    Video.objects.update(title="After")
    connection.connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CopyFailed, match="Somebody else"):
            sqlite_copies.load(tmp_path / "copy", silent)
        other.execute("ROLLBACK")
    assert Video.objects.get().title == "After"
    sqlite_copies.load(tmp_path / "copy", silent)
    assert Video.objects.get().title == "Before"


def test_it_does_nothing_inside_a_transaction(tmp_path: Path) -> None:
    with transaction.atomic():
        with pytest.raises(CopyFailed, match="inside"), sqlite_copies.frozen():
            pass
        with pytest.raises(CopyFailed, match="inside"):
            sqlite_copies.load(tmp_path / "copy", silent)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(BackupUnusable, match="damaged"):
        sqlite_copies.check(tmp_path / "copy")
