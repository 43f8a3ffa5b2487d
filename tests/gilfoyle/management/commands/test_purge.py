import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from gilfoyle.backups.unfinished import forget_restore, note_restore
from gilfoyle.lib import storage
from tests.gilfoyle.stores.stored import make_stored, segment_of
from tests.videos.management.operating import OPERATOR, run
from videos.audit.models import AuditEntry
from videos.catalog.models import PurgedVideo, Video
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db


def make_deleted() -> Video:
    video = make_stored()
    delete_video(video=video)
    return video


def test_a_deleted_video_goes_now_and_the_audit_tells_who_did_it() -> None:
    video, other = make_deleted(), make_deleted()
    late = segment_of(video, 7)
    code, printed = run("purge", video.pk, "--yes")
    assert (code, printed.startswith(f"{video.pk} is gone: ")) == (0, True)
    assert list(Video.objects.all()) == [other]
    assert not storage.exists(segment_of(video, 0))
    assert storage.exists(segment_of(other, 0))
    assert [one.actor_id for one in AuditEntry.objects.filter(verb="video.purged")] == [OPERATOR.id]
    assert PurgedVideo.objects.filter(pk=video.pk).exists()
    # What a writer stored that had slept is removed by the same command, before the sweep comes back.
    storage.save_bytes(late, b"late")
    assert "what came late" in run("purge", video.pk, "--yes")[1]
    assert not storage.exists(late)


def test_a_try_and_no_answer_remove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_deleted()
    told = json.loads(run("purge", video.pk, "--dry-run", "--json")[1])
    assert [one["video_id"] for one in told["purged"]] == [video.pk]
    for argv in ((), ("--json",)):
        with pytest.raises(CommandError, match="Nobody is there to be asked") as caught:
            run("purge", video.pk, *argv)
        assert caught.value.returncode == 2
    asked = io.StringIO("y\nyes\n")
    monkeypatch.setattr(asked, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", asked)
    with pytest.raises(CommandError, match="Nothing was removed"):
        run("purge", video.pk)
    assert Video.objects.filter(pk=video.pk).exists()
    assert storage.exists(segment_of(video, 0))
    assert run("purge", video.pk)[0] == 0


def test_what_is_not_deleted_or_held_stays_and_is_told() -> None:
    there, held, deleted = make_stored(), make_deleted(), make_deleted()
    Video.objects.filter(pk=held.pk).update(legal_hold=True)
    code, printed = run("purge", there.pk, held.pk, deleted.pk, "--yes")
    assert code == 1
    assert f"{there.pk} stays. This video isn't deleted. Delete it first, or say --delete-first." in printed
    assert f"{held.pk} stays. This video is under a legal hold" in printed
    assert "1 of 3, 2 stay." in printed
    told = json.loads(run("purge", there.pk, held.pk, "--delete-first", "--yes", "--json")[1])
    assert [one["video_id"] for one in told["purged"]] == [there.pk]
    assert [(one["video_id"], one["code"]) for one in told["refused"]] == [(held.pk, "legal_hold")]
    assert AuditEntry.objects.filter(verb="video.deleted", object_id=there.pk).exists()
    assert storage.exists(segment_of(held, 0))


def test_a_store_that_fails_keeps_the_tombstone(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_deleted()

    def fail(_: str) -> None:
        message = "The store could not be used."
        raise storage.StorageFault(message, error="it is away")

    monkeypatch.setattr("videos.catalog.purge.storage.delete_folder", fail)
    code, printed = run("purge", video.pk, "--yes")
    assert (code, "stays. The store could not be used. it is away" in printed) == (2, True)
    assert Video.objects.filter(pk=video.pk, status="deleting").exists()


def test_nothing_goes_before_a_restore_has_ended(tmp_path: Path, settings: object) -> None:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]  # pytest-django's
    note_restore(tmp_path, {"folder": "/mnt/backup"})
    video = make_deleted()
    with pytest.raises(CommandError, match="did not come to its end"):
        run("purge", video.pk, "--yes")
    forget_restore(tmp_path)
    assert run("purge", video.pk, "--yes")[0] == 0
