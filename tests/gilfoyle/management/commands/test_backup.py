import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gilfoyle.backups.folder import MEDIA
from gilfoyle.lib import storage
from tests.gilfoyle.stores.stored import make_stored, segment_of

# Objects that lie on IPFS are in no backup.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_dir")]


def backup(*arguments: str) -> int:
    try:
        call_command("backup", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_it_says_what_is_in_it_and_what_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_stored()
    assert backup(str(tmp_path / "one")) == 0
    out = capsys.readouterr().out
    assert "7 objects" in out
    assert "NOT copied (--with-media does)" in out
    assert "is NOT in it" in out
    assert backup(str(tmp_path / "one"), "--verify") == 0
    assert "without their bytes" in capsys.readouterr().out
    with pytest.raises(CommandError, match="whole backup already"):
        backup(str(tmp_path / "one"))


def test_exit_codes_tell_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = make_stored()
    storage.delete(segment_of(video, 0))
    assert backup(str(tmp_path / "one"), "--with-media", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == [{"name": segment_of(video, 0), "state": "missing"}]
    (tmp_path / "one" / MEDIA / segment_of(video, 1)).unlink()
    assert backup(str(tmp_path / "one"), "--verify", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["is_whole"] is False
    assert len(told["damages"]) == 1
