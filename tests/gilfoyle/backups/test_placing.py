from pathlib import Path

import pytest

from gilfoyle.backups.errors import BackupUnusable
from gilfoyle.backups.folder import MEDIA
from gilfoyle.backups.placing import add_objects, place_object
from gilfoyle.lib import storage
from tests.gilfoyle.backups.taken import silent, take
from tests.gilfoyle.stores.stored import SOURCE, make_stored, segment_of
from videos.catalog.stored_sources import name_of

pytestmark = pytest.mark.django_db(transaction=True)


def bytes_of(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def test_what_the_present_rows_may_need_is_not_touched_before_they_go(tmp_path: Path) -> None:
    video = make_stored()
    take(tmp_path / "backup")
    name = segment_of(video, 1)
    storage.save_bytes(name, b"another")
    placed = add_objects(tmp_path / "backup", without=set(), progress=silent)
    assert (placed.added, [one["name"] for one in placed.waiting]) == (0, [name])
    assert bytes_of(name) == b"another"
    place_object(tmp_path / "backup", placed.waiting[0])
    assert bytes_of(name) == b"segment"


def test_what_waits_is_proven_whole_first(tmp_path: Path) -> None:
    video = make_stored()
    take(tmp_path / "backup")
    storage.save_bytes(segment_of(video, 1), b"another")
    (tmp_path / "backup" / MEDIA / segment_of(video, 1)).write_bytes(b"damaged")
    with pytest.raises(BackupUnusable, match="damaged"):
        add_objects(tmp_path / "backup", without=set(), progress=silent)


def test_what_grew_since_stays_but_not_what_can_not_grow(tmp_path: Path) -> None:
    video = make_stored()
    take(tmp_path / "backup")
    source, segment = name_of(video), segment_of(video, 1)
    storage.save_bytes(source, SOURCE + b" and more")
    storage.save_bytes(segment, b"segment and more")
    placed = add_objects(tmp_path / "backup", without=set(), progress=silent)
    assert [one["name"] for one in placed.waiting] == [segment]
    assert bytes_of(source) == SOURCE + b" and more"


def test_nothing_comes_back_of_what_is_destroyed(tmp_path: Path) -> None:
    gone, other = make_stored(), make_stored()
    take(tmp_path / "backup")
    for video in (gone, other):
        storage.delete(segment_of(video))
    assert add_objects(tmp_path / "backup", without={gone.pk}, progress=silent).added == 1
    assert [storage.exists(segment_of(video)) for video in (gone, other)] == [False, True]


def test_what_was_damaged_already_takes_no_good_one_s_place(tmp_path: Path) -> None:
    video = make_stored()
    name, text = segment_of(video, 1), segment_of(video, 0)
    storage.save_bytes(
        name, b"segmen?+"
    )  # longer than its row says: noted as unlike, and copied all the same
    take(tmp_path / "backup")
    storage.save_bytes(name, b"segment")  # mended since
    placed = add_objects(tmp_path / "backup", without=set(), progress=silent)
    assert (placed.added, placed.waiting, bytes_of(name)) == (0, [], b"segment")
    for one in (name, text):
        storage.delete(one)
    assert add_objects(tmp_path / "backup", without=set(), progress=silent).added == 2
    assert bytes_of(name) == b"segmen?+", "better than nothing"
