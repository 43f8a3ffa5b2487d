import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gilfoyle.lib import storage
from gilfoyle.lib.storage import StorageFault, write_to
from gilfoyle.lib.storage_listing import list_store, remove_objects
from gilfoyle.lib.store_places import store_named
from gilfoyle.stores import moving
from gilfoyle.stores.errors import MoveNotSetUp, StoreUnknown
from gilfoyle.stores.moving import Move, hash_of, plan_move
from tests.bucket import own_bucket, use_stores
from tests.embedded import ROOT
from tests.ipfs import ipfs_settings

SOURCE, PIECE, TEXT = "sources/p/v/u/source", "uploads/p/u/a", "tracks/p/v/t.vtt"
SEGMENTS = [f"renditions/p/v/r/v360/{number:05d}.m4s" for number in range(4)]
ALL = {SOURCE, PIECE, TEXT, *SEGMENTS}
MOVED = {"sources": "new", "renditions": "new", "also_read": "main"}


def folder_store(tmp_path: Path) -> dict[str, Any]:
    return {"name": "new", "path": str(tmp_path / "new")}


@pytest.fixture(params=["filesystem", "s3"])
def new_store(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Fill the main store, a folder, and give what the settings say of another one."""
    if request.param == "filesystem":
        fill(settings)
        yield folder_store(tmp_path)
        return
    with own_bucket(settings) as bucket:
        s3 = {
            "bucket": bucket.bucket_name,
            "endpoint_url": bucket.endpoint_url,
            "access_key_id": bucket.access_key,
            "secret_access_key": bucket.secret_key,
            "prefix": bucket.location,
        }
        fill(settings)
        yield {"name": "new", "backend": "s3", "s3": s3}


def fill(settings: Any) -> None:
    use_stores(settings)
    for name in ALL:
        storage.save_bytes(name, name.encode() * 50)


def begin(settings: Any, new: dict[str, Any], **changes: Any) -> Move:
    use_stores(settings, others=[new], **{**MOVED, **changes})
    return plan(settings)


def plan(settings: Any, *, is_last: bool = False) -> Move:
    return plan_move(
        settings.GILFOYLE.storage,
        source="main",
        target="new",
        progress=lambda _what, _count: None,
        is_last=is_last,
        parallel=2,
    )


def hashes(store_name: str) -> dict[str, str]:
    store = store_named(store_name)
    return {one.name: hash_of(store, one.name) for one in list_store(store)}


def test_all_is_moved_and_only_then_removed(new_store: dict[str, Any], settings: Any) -> None:
    before = hashes("main")
    move = begin(settings, new_store)
    assert move.copy()
    assert (move.counts["copied"], move.counts["there"]) == (7, 7), "the second look finds nothing more"
    assert hashes("new") == hashes("main") == before
    last = plan(settings, is_last=True)
    assert last.empty()
    assert last.counts["removed"] == 7
    assert (hashes("main"), hashes("new")) == ({}, before)
    use_stores(settings, others=[new_store], **{**MOVED, "also_read": ""})
    with storage.open_stored(SOURCE) as stored:
        assert stored.read() == SOURCE.encode() * 50


@pytest.mark.django_db(transaction=True)
def test_all_is_moved_to_ipfs(settings: Any, tmp_path: Path) -> None:
    old = {"name": "old", "path": str(tmp_path / "old")}
    own = ipfs_settings()
    use_stores(settings, others=[old], sources="old", renditions="old", **own)
    for name in ALL:
        storage.save_bytes(name, name.encode() * 50)
    before = hashes("old")
    use_stores(settings, others=[old], also_read="old", **own)
    for is_last in (False, True):
        move = plan_move(
            settings.GILFOYLE.storage,
            source="old",
            target="main",
            progress=lambda _what, _count: None,
            is_last=is_last,
            parallel=2,
        )
        assert move.empty() if is_last else move.copy()
    assert (hashes("old"), hashes("main")) == ({}, before)
    storage.delete_folder("sources/p")
    assert set(hashes("main")) == ALL - {SOURCE}
    storage.delete_folder("renditions")
    assert set(hashes("main")) == {PIECE, TEXT}
    storage.delete(PIECE)
    storage.delete(TEXT)


@pytest.fixture
def new(settings: Any, tmp_path: Path) -> dict[str, Any]:
    fill(settings)
    return folder_store(tmp_path)


def test_only_what_belongs_there_is_moved(new: dict[str, Any], settings: Any) -> None:
    move = begin(settings, new, renditions="main")
    assert move.copy()
    assert set(hashes("new")) == {SOURCE, PIECE}
    assert plan(settings, is_last=True).empty()
    assert set(hashes("main")) == ALL - {SOURCE, PIECE}


def test_what_is_not_ours_and_links_stay(
    new: dict[str, Any], settings: Any, media_dir: Path, tmp_path: Path
) -> None:
    storage.save_bytes("theirs/file", b"theirs")
    storage.save_bytes("incoming/abc", b"unfinished")
    outside = tmp_path / "outside"
    outside.write_bytes(b"passwd")
    (media_dir / SEGMENTS[0]).unlink()
    (media_dir / SEGMENTS[0]).symlink_to(outside)
    move = begin(settings, new)
    assert move.copy()
    assert set(hashes("new")) == ALL - {SEGMENTS[0]}
    assert plan(settings, is_last=True).empty()
    assert outside.read_bytes() == b"passwd"
    assert (media_dir / "theirs/file").is_file()


def test_what_the_new_store_has_by_now_is_not_replaced(new: dict[str, Any], settings: Any) -> None:
    move = begin(settings, new)
    storage.save_bytes(TEXT, b"newer")
    assert move.copy()
    with storage.open_stored(TEXT) as stored:
        assert stored.read() == b"newer"
    last = plan(settings, is_last=True)
    assert not last.empty()
    assert (last.counts["removed"], last.counts["different"]) == (6, 1)
    assert set(hashes("main")) == {TEXT}
    assert TEXT in last.problems[0]


def test_a_piece_that_grew_is_copied_again(new: dict[str, Any], settings: Any, media_dir: Path) -> None:
    assert begin(settings, new).copy()
    with (media_dir / PIECE).open("ab") as file:
        file.write(b"more")
    move = plan(settings)
    assert move.copy()
    assert move.counts["copied"] == 1
    assert hashes("new")[PIECE] == hashes("main")[PIECE]


def test_what_is_deleted_while_it_is_copied_stays_deleted(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)
    hash_before = moving.hash_of

    def delete_then_hash(store: Any, name: str) -> str:
        found = hash_before(store, name)
        if name == SOURCE:
            store_named("main").delete(SOURCE)  # the deleting process has been at the new store already
        return found

    monkeypatch.setattr(moving, "hash_of", delete_then_hash)
    assert move.copy()
    assert move.counts["gone"] == 1
    assert not storage.exists(SOURCE)


def test_what_can_t_be_read_back_is_told_and_tried_again(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)
    written = write_to

    def write_badly(store: Any, name: str, pieces: Any) -> None:
        written(store, name, [b"x" + piece[1:] for piece in pieces] if name == SOURCE else pieces)

    monkeypatch.setattr(moving, "write_to", write_badly)
    assert not move.copy()
    assert (move.counts["failed"], len(move.problems)) == (1, 1)
    assert set(hashes("new")) == ALL - {SOURCE}
    monkeypatch.setattr(moving, "write_to", written)
    assert plan(settings).copy()
    assert hashes("new") == hashes("main")


def test_a_store_that_fails_is_no_end(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)

    def fail(_store: Any, name: str, _pieces: Any) -> None:
        raise StorageFault("No.", name=name)

    monkeypatch.setattr(moving, "write_to", fail)
    assert not move.copy()
    assert move.counts["failed"] == 7


def test_what_changes_while_it_is_compared_stays_and_is_told(
    new: dict[str, Any], settings: Any, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert begin(settings, new).copy()

    def change_then_remove(store: Any, objects: Any) -> list[str]:
        (media_dir / TEXT).write_bytes(b"changed")
        return remove_objects(store, objects)

    monkeypatch.setattr(moving, "remove_objects", change_then_remove)
    last = plan(settings, is_last=True)
    assert not last.empty()
    assert (last.counts["removed"], last.counts["different"]) == (6, 1)
    assert (media_dir / TEXT).read_bytes() == b"changed"


def test_it_is_refused_until_the_settings_say_so(new: dict[str, Any], settings: Any) -> None:
    with pytest.raises(MoveNotSetUp, match="Nothing new goes to new"):
        begin(settings, new, sources="main", renditions="main", also_read="new")
    with pytest.raises(MoveNotSetUp, match="found by nobody meanwhile"):
        begin(settings, new, also_read="")
    with pytest.raises(StoreUnknown, match="no store old"):
        plan_move(settings.GILFOYLE.storage, source="old", target="main", progress=print)
    with pytest.raises(MoveNotSetUp):
        plan_move(settings.GILFOYLE.storage, source="new", target="new", progress=print, is_last=True)


COUNT, ENOUGH = 200, 10


def test_it_goes_on_after_a_kill(tmp_path: Path, media_dir: Path, settings: Any) -> None:
    names = [f"renditions/p/v/r/v360/{number:05d}.m4s" for number in range(COUNT)]
    for number, name in enumerate(names):
        path = media_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(1000 + number))
    file, folder = tmp_path / "settings.yaml", tmp_path / "new"
    section = {"others": [folder_store(tmp_path)], **MOVED}
    file.write_text(yaml.safe_dump({"storage": section}), encoding="utf-8")
    environment = {
        **os.environ,
        "GILFOYLE_SETTINGS": str(file),
        "GILFOYLE_DATA_DIR": str(settings.DATA_DIR),
        "GILFOYLE_SECRET_KEY": "x" * 50,
    }
    command = [sys.executable, str(ROOT / "manage.py"), "storage", "migrate", "main", "new"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and len(list(folder.glob("renditions/p/v/r/v360/*"))) < ENOUGH:
            pass
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    shown = list(folder.glob("renditions/p/v/r/v360/*"))
    assert len(shown) < COUNT
    assert all(path.read_bytes() == (media_dir / path.relative_to(folder)).read_bytes() for path in shown)
    again = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=True)
    assert '"is_whole": true' in again.stdout
    assert all((folder / name).read_bytes() == (media_dir / name).read_bytes() for name in names)
    assert len(list(media_dir.glob("renditions/p/v/r/v360/*"))) == COUNT
