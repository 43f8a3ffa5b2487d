import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage

from gilfoyle.lib import storage
from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.lib.storage_listing import StoredObject, list_objects, list_store, remove_objects, require_root
from gilfoyle.lib.store_places import home_of
from tests.bucket import own_bucket


@pytest.fixture(params=["filesystem", "s3"])
def store(request: pytest.FixtureRequest, settings: Any) -> Any:
    if request.param == "filesystem":
        yield None
        return
    with own_bucket(settings) as media:
        yield media


def media() -> Storage:
    return home_of("renditions")


def names(prefix: str = "") -> set[str]:
    return {one.name for one in list_store(media(), prefix)}


def test_an_empty_store_lists_nothing(store: Any) -> None:
    del store
    assert names() == names("renditions/p") == set()


def test_a_store_whose_disk_is_not_there_is_no_empty_one(media_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match="is its disk mounted"):
        require_root(media())
    media_dir.mkdir(parents=True)
    require_root(media())
    (media_dir / "sources").symlink_to(tmp_path / "not mounted")
    with pytest.raises(StorageFault, match="sources: is its disk mounted"):
        require_root(media())


def test_all_or_a_folder_is_listed_with_sizes(store: Any) -> None:
    del store
    for name in ("a/b/c", "a/b/d", "a/bc", "e/f"):
        storage.save_bytes(name, name.encode())
    assert names() == {"a/b/c", "a/b/d", "a/bc", "e/f"}
    assert names("a/b") == {"a/b/c", "a/b/d"}
    (one,) = list_objects("e")
    assert (one.name, one.size_bytes, one.is_plain) == ("e/f", 3, True)
    assert one.changed_at > 1_700_000_000


def test_objects_are_removed_many_at_once(store: Any) -> None:
    del store
    for name in ("a/b", "a/c", "a/d"):
        storage.save_bytes(name, b"1")
    wanted = [one for one in list_store(media()) if one.name != "a/d"]
    assert set(remove_objects(media(), wanted)) == {"a/b", "a/c"}
    assert names() == {"a/d"}


def test_another_prefix_of_the_bucket_is_not_seen(settings: Any) -> None:
    with own_bucket(settings) as media:
        storage.save_bytes("a/b", b"1")
        media.bucket.Object(f"{media.location}x/a/c").put(Body=b"theirs")
        try:
            assert names() == {"a/b"}
        finally:
            media.bucket.Object(f"{media.location}x/a/c").delete()


def test_what_changed_since_it_was_listed_stays(media_dir: Path) -> None:
    storage.save_bytes("a/b", b"1")
    (listed,) = list_store(media())
    storage.save_bytes("a/b", b"22")
    assert remove_objects(media(), [listed, StoredObject("a/gone", 1, 0)]) == []
    assert (media_dir / "a" / "b").read_bytes() == b"22"


def test_links_and_names_that_are_no_text_are_not_plain(media_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"1")
    (media_dir / "a").mkdir(parents=True)
    (media_dir / "a" / "link").symlink_to(tmp_path / "outside")
    Path(os.fsdecode(bytes(media_dir / "a") + b"/\xff")).write_bytes(b"1")
    found = {one.name: one.is_plain for one in list_store(media())}
    assert found == {"a/link": False, "a/\\udcff": False}
    assert remove_objects(media(), list(list_store(media()))) == []


def test_a_link_to_a_file_is_not_removed(media_dir: Path, tmp_path: Path) -> None:
    outside = tmp_path / "file"
    outside.write_bytes(b"1")
    (media_dir / "a").mkdir(parents=True)
    (media_dir / "a" / "link").symlink_to(outside)
    assert remove_objects(media(), list(list_store(media()))) == []
    assert outside.is_file()


class Refusing:
    location, bucket_name, endpoint_url = "", "one", "http://store"

    @property
    def bucket(self) -> "Refusing":
        return self

    def delete_objects(self, *, Delete: Any) -> Any:  # noqa: N803 - boto's name
        return {
            "Errors": [
                {"Key": one["Key"], "Code": "AccessDenied", "Message": "no"} for one in Delete["Objects"]
            ]
        }


def test_a_server_that_says_yes_and_refuses_is_not_believed() -> None:
    refusing: Any = Refusing()
    with pytest.raises(StorageFault):
        remove_objects(refusing, [StoredObject("a", 1, 0)])
