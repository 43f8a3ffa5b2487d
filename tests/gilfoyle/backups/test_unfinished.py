from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gilfoyle.backups.errors import RestoreRefused, RestoreUnended
from gilfoyle.backups.unfinished import FILE, forget_restore, note_restore, read_restore, require_ended


def test_nothing_starts_as_long_as_a_restore_has_not_ended(tmp_path: Path) -> None:
    require_ended(tmp_path)
    note_restore(tmp_path, {"folder": "/mnt/backup"})
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(RestoreUnended) as caught:
        require_ended(tmp_path)
    assert "restore /mnt/backup" in caught.value.hint
    forget_restore(tmp_path)
    assert read_restore(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_note_that_can_not_be_read_lets_nothing_start(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RestoreRefused, match="can't be read"):
        require_ended(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("{}")
    (tmp_path / FILE).symlink_to(tmp_path / "other")
    with pytest.raises(RestoreRefused):
        read_restore(tmp_path)


@pytest.mark.parametrize("command", [["scheduler"], ["up"], ["up", "--only", "web"], ["worker"]])
def test_the_programs_ask(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    settings.DATA_DIR = tmp_path
    note_restore(tmp_path, {"folder": "/mnt/backup"})
    monkeypatch.setattr("gilfoyle.management.commands.up.require_ffmpeg_for", lambda *_: None)
    monkeypatch.setattr("gilfoyle.management.commands.up.find_wrong_store", lambda: None)
    begun: list[str] = []
    for place in ("up.Command._run_all", "up.Command._run_parts", "scheduler.run_scheduler"):
        name = f"gilfoyle.management.commands.{place}"
        monkeypatch.setattr(name, lambda *_, name=name, **__: begun.append(name))
    monkeypatch.setattr(
        "gilfoyle.management.commands.scheduler.begin_telling", lambda _: begun.append("told")
    )
    with pytest.raises((CommandError, SystemExit)) as caught:
        call_command(*command)
    assert begun == []
    assert "did not come to its end" in f"{caught.value} {capsys.readouterr().err}"
