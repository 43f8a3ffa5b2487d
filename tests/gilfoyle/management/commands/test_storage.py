import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gilfoyle.lib import storage
from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.stores import surveying
from tests.bucket import use_stores
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_dir")]  # from a folder into another store


def verify(*arguments: str) -> int:
    try:
        call_command("storage", "verify", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_whole_store_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    make_stored()
    assert verify("--checksums") == 0
    assert "7 objects" in capsys.readouterr().out


def test_what_is_lost_is_1_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    video = make_stored()
    storage.delete(segment_of(video))
    assert verify() == 1
    assert f"missing   {segment_of(video)}: a row names it" in capsys.readouterr().out


def test_orphans_alone_are_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    assert verify() == 0, "they may just be being written"
    assert "7 too young" in capsys.readouterr().out
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: 4_000_000_000.0)
    assert verify("--json") == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["orphan"] * 7 + ["summary"]
    assert lines[-1]["orphan"] == lines[-1]["objects"] == 7
    assert lines[0]["why"] == "there is no such video"


def test_a_store_that_fails_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_store: Any, _prefix: str = "") -> Any:
        raise StorageFault("The object store could not be used.", error="refused")

    monkeypatch.setattr(surveying, "list_store", fail)
    with pytest.raises(CommandError, match="refused") as caught:
        call_command("storage", "verify")
    assert caught.value.returncode == 2


def test_objects_are_moved_and_told_of(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_stored()
    stores = {"others": [{"name": "new", "path": str(tmp_path / "new")}]}
    use_stores(settings, **stores, sources="new", renditions="new", also_read="main")
    assert verify() == 0
    call_command("storage", "migrate", "main", "new")
    assert "7 copied" in capsys.readouterr().out
    with pytest.raises(CommandError, match="while objects are moved"):
        call_command("gc")
    call_command("gc", "--dry-run")
    assert verify("--checksums") == 0
    use_stores(settings, **stores, sources="new", renditions="new")
    assert verify() == 0
    capsys.readouterr()
    call_command("storage", "migrate", "main", "new", "--delete-old", "--json")
    assert json.loads(capsys.readouterr().out)["removed"] == 7
    assert verify() == 0
    use_stores(settings, **stores, renditions="new")
    assert verify() == 1, "sources are looked for where they belong"


def test_what_is_left_is_1(settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_stored()
    stores = {"others": [{"name": "new", "path": str(tmp_path / "new")}]}
    use_stores(settings, **stores, sources="new", renditions="new")
    with pytest.raises(SystemExit) as caught:
        call_command("storage", "migrate", "main", "new", "--delete-old")
    assert caught.value.code == 1
    assert "7 stay there" in capsys.readouterr().out
    with pytest.raises(CommandError, match="also_read") as refused:
        call_command("storage", "migrate", "main", "new")
    assert refused.value.returncode == 1
