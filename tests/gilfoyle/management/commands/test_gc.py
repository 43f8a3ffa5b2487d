import json
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from gilfoyle.backups.unfinished import note_restore
from gilfoyle.lib import storage
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
LATER = 4_000_000_000.0


def test_each_orphan_is_explained_and_stays_in_a_dry_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: LATER)
    call_command("gc", "--dry-run")
    out = capsys.readouterr().out
    assert f"{segment_of(video, 7)}  4 bytes since 20" in out
    assert "the revision has nothing of this name" in out
    assert "0 removed" in out
    assert storage.exists(segment_of(video, 7))


def test_orphans_go_once_they_are_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_stored()
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    call_command("gc", "--older-than-hours", "0")
    assert "1 more are too young" in capsys.readouterr().out, "an hour is the least"
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: LATER)
    call_command("gc", "--json")
    orphan, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (orphan["name"], orphan["size_bytes"]) == (segment_of(video, 7), 4)
    assert (summary["orphans"], summary["removed"], summary["removed_bytes"]) == (1, 1, 4)
    assert not storage.exists(segment_of(video, 7))
    assert storage.exists(segment_of(video, 0))


def test_a_store_that_is_mostly_nobody_s_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    make_stored()
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: LATER)
    with pytest.raises(CommandError, match="a tenth of 14") as caught:
        call_command("gc")
    assert caught.value.returncode == 1
    assert storage.exists(segment_of(gone))
    call_command("gc", "--even-so")
    assert not storage.exists(segment_of(gone))


def test_nothing_is_removed_before_a_restore_has_ended(
    settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    monkeypatch.setattr("gilfoyle.stores.surveying.read_clock", lambda: LATER)
    note_restore(settings.DATA_DIR, {"backup": "b", "folder": "/backups/b"})
    for command in (["gc", "--even-so"], ["storage", "migrate", "main", "new", "--delete-old"]):
        with pytest.raises(CommandError, match="A restore did not come to its end"):
            call_command(*command)
    assert storage.exists(segment_of(video, 7))
    call_command("gc", "--dry-run")
    assert "0 removed" in capsys.readouterr().out
