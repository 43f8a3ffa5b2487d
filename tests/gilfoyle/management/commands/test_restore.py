import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from gilfoyle.supervisor import data_folder_lock
from tests.bucket import own_bucket
from tests.gilfoyle.backups.taken import take
from tests.streaming.clip import store_track, store_video
from videos.audit.checkpoints import keep_checkpoints
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.management.telling import operator
from videos.moderation.by_hand import restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.errors import CaseTaken
from videos.moderation.policy import Kind

# Objects that lie on IPFS are in no backup.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_dir")]


def lose_everything(media_dir: Path) -> None:
    Video.objects.all().delete()
    shutil.rmtree(media_dir, ignore_errors=True)


def assert_all_is_well() -> None:
    for command in (("storage", "verify", "--checksums"), ("audit", "verify")):
        call_command(*command)


def test_a_round_trip_gives_back_every_row_and_byte(
    tmp_path: Path, media_dir: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    video = store_video(is_encrypted=True)
    store_track(video, (0, 1, "Hello"))
    before = {path: path.read_bytes() for path in media_dir.rglob("*") if path.is_file()}
    call_command("backup", str(tmp_path / "backup"), "--with-media")
    assert "The secret key" in capsys.readouterr().out
    secret = settings.SECRET_KEY.encode()
    for path in (tmp_path / "backup").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        assert not path.is_file() or secret not in path.read_bytes()
    lose_everything(media_dir)
    keep_checkpoints(config=settings.GILFOYLE)
    Session.objects.create(session_key="x", session_data="", expire_date=timezone.now())
    call_command("restore", str(tmp_path / "backup"), "--replace", "--even-so")
    assert {path: path.read_bytes() for path in media_dir.rglob("*") if path.is_file()} == before
    assert Video.objects.get(pk=video.pk).title == "A clip"
    assert AuditEntry.objects.filter(verb="backup.restored").exists()
    assert not Session.objects.exists()
    assert_all_is_well()
    call_command("backup", "--verify", str(tmp_path / "backup"))
    assert "Whole: the backup" in capsys.readouterr().out


def test_a_bucket_comes_back(tmp_path: Path, settings: Any) -> None:
    with own_bucket(settings) as store:
        video = store_video()
        names = {one.key for one in store.bucket.objects.filter(Prefix=store.location + "/")}
        call_command("backup", str(tmp_path / "backup"), "--with-media")
        Video.objects.all().delete()
        store.bucket.objects.filter(Prefix=store.location + "/").delete()
        call_command("restore", str(tmp_path / "backup"), "--replace")
        assert {one.key for one in store.bucket.objects.filter(Prefix=store.location + "/")} == names
        assert Video.objects.filter(pk=video.pk).exists()
        assert_all_is_well()
        assert storages["media"] is store


def test_what_was_decided_since_is_told_and_does_not_come_undone_unseen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    banned, gone = store_video(title="Banned"), store_video(title="Gone")
    take(tmp_path / "backup", with_media=False)
    verdict = Verdict(Kind.BLOCK, "copyright", explanation="Notice of 12 May.")
    restrict_video(video_id=banned.pk, verdict=verdict, by=operator())
    delete_video(video=gone)
    with pytest.raises(CommandError, match="2 decisions were made"):
        call_command("restore", str(tmp_path / "backup"), "--replace")
    out = capsys.readouterr().out
    assert banned.pk in out
    assert "video.deleted" in out
    call_command("restore", str(tmp_path / "backup"), "--replace", "--even-so", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["carried"] == [f"{banned.pk} blocked"]
    banned.refresh_from_db()
    gone.refresh_from_db()
    assert banned.restriction == "blocked"
    assert gone.status == "ready"
    call_command("audit", "verify")


def test_what_could_not_be_carried_over_is_told_and_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video = store_video()
    take(tmp_path / "backup", with_media=False)
    restrict_video(video_id=video.pk, verdict=Verdict(Kind.BLOCK, "copyright"), by=operator())

    def fail(**_named: object) -> None:
        raise CaseTaken("Somebody else has this case.")

    monkeypatch.setattr("gilfoyle.backups.decisions.restrict_video", fail)
    with pytest.raises(SystemExit) as ended:
        call_command("restore", str(tmp_path / "backup"), "--replace", "--even-so")
    assert ended.value.code == 3
    assert f"NOT carried over, do it by hand before you start Gilfoyle: {video.pk}" in capsys.readouterr().out


def test_nothing_is_replaced_unasked(tmp_path: Path, data_dir: Path) -> None:
    store_video()
    take(tmp_path / "backup")
    with pytest.raises(CommandError, match="database and the media store of this server are not empty"):
        call_command("restore", str(tmp_path / "backup"))
    with data_folder_lock(data_dir), pytest.raises(CommandError, match="already runs"):
        call_command("restore", str(tmp_path / "backup"), "--replace")


def test_a_dry_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_video()
    take(tmp_path / "backup")
    Video.objects.update(title="Changed")
    call_command("restore", str(tmp_path / "backup"), "--replace", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out)["is_dry_run"] is True
    assert Video.objects.get().title == "Changed"
