from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from gilfoyle.lib import storage, storage_pieces
from gilfoyle.lib.storage import ObjectMissing
from gilfoyle.lib.storage_listing import list_objects
from gilfoyle.lib.store_places import every_store, home_of, is_moving, may_have, other_of, role_of
from tests.bucket import own_bucket, use_stores

SOURCE, PIECE, SEGMENT = "sources/p/v/u/source", "uploads/p/u/a", "renditions/p/v/r/v360/00000.m4s"


def use_folders(settings: Any, tmp_path: Path, **storage_settings: Any) -> tuple[Path, Path]:
    """Have a store `new` beside main; returns their folders."""
    use_stores(settings, others=[{"name": "new", "path": str(tmp_path / "new")}], **storage_settings)
    return settings.GILFOYLE.media_path, tmp_path / "new"


def test_most_have_one_store() -> None:
    assert home_of(SOURCE) is home_of(SEGMENT) is storages["media"]
    assert other_of(SOURCE) is None
    assert [name for name, _ in every_store()] == ["main"]
    assert not is_moving()


def test_sources_and_what_becomes_one_lie_together(settings: Any, tmp_path: Path) -> None:
    assert {name: role_of(name) for name in (SOURCE, PIECE, SEGMENT, "tracks/p/v/t.vtt")} == {
        SOURCE: "sources",
        PIECE: "sources",
        SEGMENT: "renditions",
        "tracks/p/v/t.vtt": "renditions",
    }
    main, new = use_folders(settings, tmp_path, sources="new")
    for name in (SOURCE, PIECE, SEGMENT):
        storage.save_bytes(name, name.encode())
    assert (new / SOURCE).is_file()
    assert (new / PIECE).is_file()
    assert (main / SEGMENT).is_file()
    assert may_have("new", SOURCE)
    assert not may_have("main", SOURCE)
    assert storage.local_path("sources") == new / "sources"
    with storage.open_stored(SOURCE) as stored:
        assert stored.read() == SOURCE.encode()
    storage.copy_object(PIECE, "sources/p/v/w/source")
    assert (new / "sources/p/v/w/source").samefile(new / PIECE)


def test_sources_in_a_bucket_and_renditions_in_a_folder(settings: Any, media_dir: Path) -> None:
    with own_bucket(settings) as bucket:
        s3 = {
            "bucket": bucket.bucket_name,
            "endpoint_url": bucket.endpoint_url,
            "access_key_id": bucket.access_key,
            "secret_access_key": bucket.secret_key,
            "prefix": bucket.location,
        }
        use_stores(settings, others=[{"name": "archive", "backend": "s3", "s3": s3}], sources="archive")
        storage.save_bytes(SOURCE, b"source")
        storage.save_bytes(SEGMENT, b"segment")
        assert (storage.local_path(SOURCE), storage.local_path(SEGMENT)) == (None, media_dir / SEGMENT)
        assert not (media_dir / SOURCE).exists()
        assert not storage_pieces.can_grow()
        assert storage.free_bytes("sources") is None
        assert storage.free_bytes()
        with storage.local_copy(SOURCE) as path:
            assert path.read_bytes() == b"source"
        assert storage.is_write_once()
        storage.require_usable()


@pytest.fixture
def moving(settings: Any, tmp_path: Path) -> tuple[Path, Path]:
    """Two folders, everything moving from the first to the second; one source and one segment are in the old one."""
    old, new = use_folders(settings, tmp_path)
    storage.save_bytes(SOURCE, b"source")
    storage.save_bytes(SEGMENT, b"old")
    use_folders(settings, tmp_path, sources="new", renditions="new", also_read="main")
    return old, new


def test_what_has_not_been_moved_is_read_where_it_is(moving: tuple[Path, Path]) -> None:
    old, new = moving
    assert is_moving()
    assert [name for name, _ in every_store()] == ["main", "new"]
    assert storage.exists(SEGMENT)
    assert storage.size_of(SEGMENT) == 3
    assert storage.stored_path(SEGMENT) == old / SEGMENT
    assert storage.local_path(SEGMENT) == new / SEGMENT, "it would be stored here"
    with storage.open_stored(SEGMENT) as stored, storage.local_copy(SOURCE) as path:
        assert (stored.read(), path.read_bytes()) == (b"old", b"source")
    assert storage.open_ranges(SOURCE).read(1, 2) == b"ou"
    storage.save_bytes(SEGMENT, b"newer")
    assert storage.stored_path(SEGMENT) == new / SEGMENT
    assert [(one.name, one.size_bytes) for one in list_objects("renditions")] == [(SEGMENT, 5)]


def test_what_is_stored_for_good_is_so_in_both(moving: tuple[Path, Path], tmp_path: Path) -> None:
    _, new = moving
    file = tmp_path / "file"
    file.write_bytes(b"other")
    assert not storage.add_bytes(SEGMENT, b"other")
    assert not storage.add_file(SEGMENT, file)
    assert not (new / SEGMENT).exists()
    assert storage.add_bytes("renditions/p/v/r/v360/00001.m4s", b"other")


def test_what_is_deleted_is_gone_from_both(moving: tuple[Path, Path]) -> None:
    storage.save_bytes(SEGMENT, b"newer")
    storage.delete(SEGMENT)
    assert not storage.exists(SEGMENT)
    storage.delete_folder("sources/p/v")
    with pytest.raises(ObjectMissing):
        storage.size_of(SOURCE)
    assert moving


def test_an_object_is_copied_across(moving: tuple[Path, Path]) -> None:
    _, new = moving
    storage.copy_object(SEGMENT, "renditions/p/v/s/v360/00000.m4s")
    assert (new / "renditions/p/v/s/v360/00000.m4s").read_bytes() == b"old"


def test_a_piece_does_not_grow_where_it_is_moved_from(settings: Any, tmp_path: Path) -> None:
    use_folders(settings, tmp_path)
    storage.save_bytes(PIECE, b"piece and more")
    assert storage_pieces.can_go_on(PIECE)
    use_folders(settings, tmp_path, sources="new", also_read="main")
    assert storage_pieces.can_grow()
    assert not storage_pieces.can_go_on(PIECE)
    storage_pieces.trim_piece(PIECE, 5)
    assert b"".join(storage_pieces.read_piece(PIECE, 5)) == b"piece"
