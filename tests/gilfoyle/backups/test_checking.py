import json
from pathlib import Path

import pytest

from gilfoyle.backups.checking import check_backup, kept_objects
from gilfoyle.backups.errors import BackupUnusable
from gilfoyle.backups.folder import MANIFEST, MEDIA, OBJECTS
from tests.gilfoyle.backups.taken import silent, take
from tests.gilfoyle.stores.stored import make_stored, segment_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a backup goes."""
    return tmp_path / "backup"


def test_each_damage_is_found(place: Path) -> None:
    video = make_stored()
    taken = take(place)
    assert check_backup(place, silent).objects == 7
    (place / MEDIA / segment_of(video, 0)).unlink()
    (place / MEDIA / segment_of(video, 1)).write_bytes(b"sEgment")
    assert sorted(check_backup(place, silent).damages) == sorted(
        [
            f"{segment_of(video, 0)}: it is missing",
            f"{segment_of(video, 1)}: {segment_of(video, 1)} of this backup is damaged.",
        ]
    )
    database = place / taken.manifest["database"]["file"]
    whole = database.read_bytes()
    database.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BackupUnusable, match="damaged"):
        check_backup(place, silent)
    database.unlink()
    with pytest.raises(BackupUnusable, match="missing"):
        check_backup(place, silent)


def test_a_changed_list_or_manifest_is_refused(place: Path) -> None:
    make_stored()
    take(place)
    manifest = json.loads((place / MANIFEST).read_text())
    (place / OBJECTS).write_text((place / OBJECTS).read_text().replace("v360", "v361"))
    with pytest.raises(BackupUnusable, match=r"objects\.jsonl of this backup is damaged"):
        check_backup(place, silent)
    manifest["videos"] = 0
    (place / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BackupUnusable, match="changed"):
        check_backup(place, silent)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "sources/../../x", "other/name"])
def test_no_name_leads_out_of_the_store(place: Path, name: str) -> None:
    place.mkdir()
    (place / OBJECTS).write_text(json.dumps({"name": name, "state": ""}) + "\n")
    with pytest.raises(BackupUnusable, match="none that Gilfoyle makes"):
        list(kept_objects(place))
