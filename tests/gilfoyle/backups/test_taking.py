import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.backups import taking
from gilfoyle.backups.checking import check_backup
from gilfoyle.backups.errors import BackupUnusable, CopyFailed, FolderUnusable
from gilfoyle.backups.folder import MANIFEST, MEDIA, OBJECTS, UNFINISHED, read_manifest
from gilfoyle.lib import storage
from gilfoyle.management.commands.scheduler import sweeps_of
from tests.gilfoyle.backups.taken import silent, take
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.audit.models import AuditEntry
from videos.catalog.models import SpareSource, Video
from videos.catalog.sources import promise_replacement, replace_source
from videos.catalog.stored_sources import name_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_holds_the_rows_and_what_they_name(tmp_path: Path) -> None:
    video = make_stored()
    taken = take(tmp_path / "backup", with_media=False)
    assert not (tmp_path / "backup" / MEDIA).exists()
    assert taken.manifest["objects"]["count"] == 7
    assert taken.manifest["with_media"] is False
    lines = [json.loads(line) for line in (tmp_path / "backup" / OBJECTS).read_text().splitlines()]
    sources = {one["name"]: one["sha256"] for one in lines if one["sha256"]}
    assert sources == {name_of(video): video.source_sha256}
    assert all(one["size_bytes"] is not None for one in lines)
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == sorted(
        [MANIFEST, OBJECTS, taken.manifest["database"]["file"]]
    )
    assert AuditEntry.objects.filter(verb="backup.taken", object_id=taken.manifest["id"]).exists()


def test_one_that_was_stopped_is_no_backup_and_goes_on_with_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stored()
    copied: list[str] = []
    copy = taking._copy_object

    def copy_three(name: str, path: Path) -> tuple[int, str]:
        if len(copied) == 3:
            raise KeyboardInterrupt
        copied.append(name)
        return copy(name, path)

    monkeypatch.setattr(taking, "_copy_object", copy_three)
    with pytest.raises(KeyboardInterrupt):
        take(tmp_path / "backup")
    with pytest.raises(BackupUnusable, match="not finished"):
        read_manifest(tmp_path / "backup")
    moment = json.loads((tmp_path / "backup" / UNFINISHED).read_text())["taken_at"]
    (tmp_path / "backup" / MEDIA / copied[0]).write_bytes(b"cut off")
    make_stored()  # it came since, and is not of this moment

    def copy_the_rest(name: str, path: Path) -> tuple[int, str]:
        copied.append(name)
        return copy(name, path)

    monkeypatch.setattr(taking, "_copy_object", copy_the_rest)
    taken = take(tmp_path / "backup")
    assert taken.is_resumed
    assert taken.manifest["taken_at"] == moment
    assert taken.manifest["objects"]["count"] == 7
    assert sorted(copied[3:]) == sorted(set(copied) - set(copied[1:3])), "two were there already"
    assert check_backup(tmp_path / "backup", silent).damages == []


def test_what_is_gone_is_told_by_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, deleted, other = make_stored(), make_stored(), make_stored()
    storage.delete(segment_of(lost))
    storage.delete(segment_of(deleted))
    storage.save_bytes(segment_of(other), b"of another size")
    copy_rows = taking._copy_rows

    def copy_then_delete(*arguments: Any) -> dict[str, Any]:
        state = copy_rows(*arguments)
        Video.objects.filter(pk=deleted.pk).delete()
        return state

    monkeypatch.setattr(taking, "_copy_rows", copy_then_delete)
    taken = take(tmp_path / "backup")
    assert {one["name"]: one["state"] for one in taken.problems} == {
        segment_of(lost): "missing",
        segment_of(deleted): "deleted",
        segment_of(other): "unlike",
    }
    assert taken.manifest["objects"]["missing"] == 1


def test_a_source_that_is_replaced_while_it_is_taken_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_stored()
    source, data = name_of(video), storage.open_stored(name_of(video)).read()
    sweep = sweeps_of(settings.GILFOYLE)["spare_sources"]
    copy_rows = taking._copy_rows

    def copy_then_clean(*arguments: Any) -> dict[str, Any]:
        state = copy_rows(*arguments)
        promised = promise_replacement(video=video, config=settings.GILFOYLE)
        storage.save_bytes(promised.name, b"clean")
        replace_source(video_id=video.pk, by=promised, size_bytes=5, sha256="b" * 64, report=None)
        SpareSource.objects.update(remove_at=timezone.now())  # a quarter of an hour has gone by
        sweep()
        return state

    monkeypatch.setattr(taking, "_copy_rows", copy_then_clean)
    taken = take(tmp_path / "backup")
    assert taken.problems == []
    assert (tmp_path / "backup" / MEDIA / source).read_bytes() == data
    sweep()
    assert not storage.exists(source)


def test_a_source_that_went_because_it_was_replaced_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_stored()
    source, copy_rows = name_of(video), taking._copy_rows

    def copy_then_replace(*arguments: Any) -> dict[str, Any]:
        state = copy_rows(*arguments)
        Video.objects.update(source_version="cleaned")
        storage.delete(source)
        return state

    monkeypatch.setattr(taking, "_copy_rows", copy_then_replace)
    taken = take(tmp_path / "backup")
    assert [(one["name"], one["state"]) for one in taken.problems] == [(source, "missing")]


def test_it_does_not_lie_in_the_store(media_dir: Path) -> None:
    with pytest.raises(FolderUnusable, match="media store"):
        take(media_dir / "backup")


def test_another_servers_unfinished_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / UNFINISHED).write_text(json.dumps({"format": "gilfoyle-backup", "secret": "theirs"}))
    with pytest.raises(FolderUnusable, match="another server"):
        take(tmp_path)


def test_a_full_disk_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(taking, "_copy_rows", fail)
    with pytest.raises(CopyFailed, match="No space left"):
        take(tmp_path / "backup")


def test_other_databases_are_refused_in_words() -> None:
    with pytest.raises(CopyFailed, match="oracle"):
        taking.copies_of("oracle")
