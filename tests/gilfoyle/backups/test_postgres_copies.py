from pathlib import Path

import pytest
from django.db import connection, transaction

from gilfoyle.backups import postgres_copies
from gilfoyle.backups.errors import BackupUnusable, CopyFailed
from tests.factories import make_video
from tests.gilfoyle.backups.taken import silent
from videos.catalog.models import Video

on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL alone")


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_a_dump_is_of_the_transactions_moment_and_comes_back(tmp_path: Path) -> None:
    video = make_video(title="Before")
    with postgres_copies.frozen():
        assert Video.objects.get().title == "Before"
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("UPDATE videos_video SET title = 'After'")
        other.close()
        postgres_copies.dump(tmp_path / "copy", silent)
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    postgres_copies.check(tmp_path / "copy")
    assert Video.objects.get().title == "After"
    postgres_copies.load(tmp_path / "copy", silent)
    assert Video.objects.get(pk=video.pk).title == "Before"


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_a_dump_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    make_video()
    with postgres_copies.frozen():
        postgres_copies.dump(tmp_path / "copy", silent)
    data = (tmp_path / "copy").read_bytes()
    (tmp_path / "copy").write_bytes(data[: len(data) // 2])
    with pytest.raises(CopyFailed, match="pg_restore failed"):
        postgres_copies.load(tmp_path / "copy", silent)
    assert Video.objects.count() == 1


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_others_at_work_are_counted() -> None:
    before = postgres_copies.others_at_work()
    other = connection.copy()
    other.ensure_connection()
    assert postgres_copies.others_at_work() == before + 1
    other.close()


@pytest.mark.django_db
def test_it_does_nothing_inside_a_transaction() -> None:
    with (
        transaction.atomic(),
        pytest.raises(CopyFailed, match="inside"),
        postgres_copies.frozen(),
    ):
        pass


def program(folder: Path, version: str) -> None:
    folder.mkdir(parents=True)
    for name in postgres_copies.PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version} (Debian)'\n")
        (folder / name).chmod(0o700)


def test_the_programs_are_of_the_servers_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "path", "16.2")
    program(tmp_path / "debian" / "17" / "bin", "17.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setattr(postgres_copies, "DEBIAN", str(tmp_path / "debian"))
    assert postgres_copies.require_programs(16) == tmp_path / "path"
    assert postgres_copies.require_programs(17) == tmp_path / "debian" / "17" / "bin"
    with pytest.raises(CopyFailed, match=r"PostgreSQL 18, .* Here is 16\.2") as caught:
        postgres_copies.require_programs(18)
    assert "postgresql-client-18" in caught.value.hint


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"SELECT 1;")
    with pytest.raises(BackupUnusable):
        postgres_copies.check(tmp_path / "copy")
