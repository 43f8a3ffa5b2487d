import json
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.backups import restoring, taking, unfinished
from gilfoyle.backups.errors import (
    BackupUnusable,
    CopyFailed,
    MediaNotCopied,
    RestoreRefused,
    RestoreStopped,
    RestoreUnended,
)
from gilfoyle.backups.folder import MANIFEST, MEDIA, seal_of
from gilfoyle.lib import storage
from gilfoyle.lib.ipfs_storage import IpfsStorage
from tests.gilfoyle.backups.taken import put_back, take
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.audit import witness
from videos.audit.checkpoints import keep_checkpoints, witness_folder
from videos.catalog.models import Video
from videos.management.telling import operator
from videos.moderation.by_hand import restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.policy import Kind

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backup"


def change_manifest(folder: Path, settings: Any, **told: Any) -> None:
    manifest = json.loads((folder / MANIFEST).read_text()) | told
    manifest["seal"] = seal_of(manifest, settings.GILFOYLE_ROOT_SECRET)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_only_what_is_not_there_is_added(place: Path) -> None:
    video = make_stored()
    take(place)
    storage.delete(segment_of(video, 0))
    storage.save_bytes(segment_of(video, 1), b"sEgment")
    done = put_back(place)
    assert done.added == 2
    with storage.open_stored(segment_of(video, 1)) as stored:
        assert stored.read() == b"segment"


def test_a_damaged_object_stops_it_before_anything_is_replaced(place: Path) -> None:
    video = make_stored()
    take(place)
    (place / MEDIA / segment_of(video)).write_bytes(b"0ne")
    storage.delete(segment_of(video))
    Video.objects.update(title="Newer")
    with pytest.raises(BackupUnusable, match="damaged"):
        put_back(place)
    assert not storage.exists(segment_of(video))
    assert Video.objects.get().title == "Newer"


def test_a_database_that_can_not_be_loaded_leaves_the_old_one(
    place: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stored()
    take(place)
    Video.objects.update(title="Newer")

    def fail(*_arguments: Any) -> None:
        raise CopyFailed("Somebody else uses the database.")

    monkeypatch.setattr(taking.copies_of(json.loads((place / MANIFEST).read_text())["engine"]), "load", fail)
    with pytest.raises(CopyFailed):
        put_back(place)
    assert Video.objects.get().title == "Newer"
    unfinished.require_ended(settings.DATA_DIR)


def block(video: Video) -> None:
    restrict_video(video_id=video.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=operator())


@pytest.mark.parametrize("step", ["call_command", "spare_what_came_since", "_begin_checkpoints_anew"])
def test_one_that_stops_after_the_load_goes_on_with_what_was_decided(
    place: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    video, held = make_stored(), make_stored()
    take(place)
    block(video)
    restrict_video(video_id=held.pk, verdict=Verdict(Kind.LEGAL_HOLD, "copyright"), by=operator())
    if step == "call_command":
        monkeypatch.setattr(restoring, "_require_fitting", lambda plan: setattr(plan, "migrates", True))

    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(restoring, step, fail)
        for _ in range(2):  # as often as it takes
            with pytest.raises(RestoreStopped, match=r"was replaced.*No space left"):
                put_back(place)
            with pytest.raises(RestoreUnended):
                unfinished.require_ended(settings.DATA_DIR)
    put_back(place, replace=False, even_so=False)  # both were said, and hold
    unfinished.require_ended(settings.DATA_DIR)
    video.refresh_from_db()
    held.refresh_from_db()
    assert (video.restriction, held.legal_hold) == ("blocked", True)


def test_one_that_did_not_end_is_not_mixed_with_another(place: Path, settings: Any) -> None:
    take(place)
    unfinished.note_restore(settings.DATA_DIR, {"backup": "another", "folder": "/mnt/other", "former": {}})
    with pytest.raises(RestoreRefused) as caught:
        put_back(place)
    assert "/mnt/other" in caught.value.hint
    manifest = json.loads((place / MANIFEST).read_text())
    unfinished.note_restore(settings.DATA_DIR, {"backup": manifest["id"], "former": {"stamp": ""}})
    with pytest.raises(RestoreRefused, match="another version"):
        put_back(place)


def test_objects_of_ipfs_are_neither_taken_nor_put_back(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(place)
    node = IpfsStorage.__new__(IpfsStorage)
    monkeypatch.setattr(taking, "every_store", lambda: [("main", node)])
    with pytest.raises(MediaNotCopied):
        put_back(place)
    with pytest.raises(MediaNotCopied):
        take(tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_what_is_replaced_is_kept_with_the_second_copy_of_the_checkpoints(place: Path, settings: Any) -> None:
    make_stored()
    take(place)
    keep_checkpoints(config=settings.GILFOYLE)
    done = put_back(place)
    assert done.kept_database is not None
    assert done.kept_database.stat().st_mode & 0o777 == 0o600
    assert done.kept_database.with_name(done.kept_database.name[:16] + "-decisions.json").exists()
    assert done.kept_checkpoints is not None
    assert done.kept_checkpoints.exists()
    assert witness.last_seq(witness_folder(settings.GILFOYLE)) == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"engine": "sqlite", "database": {}}, ""),
        ({"migrations": ["videos.9999_from_the_future"]}, "newer Gilfoyle"),
    ],
)
def test_what_does_not_fit_is_refused(place: Path, settings: Any, told: dict[str, Any], words: str) -> None:
    take(place)
    if "engine" in told:
        settings.GILFOYLE_ROOT_SECRET = b"another secret, which is as long as it must be"
        words = "another secret key"
    else:
        change_manifest(place, settings, **told)
    with pytest.raises(BackupUnusable, match=words):
        restoring.plan_restore(place)
