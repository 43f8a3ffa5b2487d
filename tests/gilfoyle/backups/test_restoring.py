import json
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.backups import restoring, taking
from gilfoyle.backups.errors import BackupUnusable, CopyFailed
from gilfoyle.backups.folder import MANIFEST, MEDIA, seal_of
from gilfoyle.lib import storage
from tests.gilfoyle.backups.taken import put_back, take
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.audit import witness
from videos.audit.checkpoints import keep_checkpoints, witness_folder
from videos.catalog.models import Video

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
    place: Path, monkeypatch: pytest.MonkeyPatch
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
