import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from gilfoyle.lib import storage, storage_moves
from gilfoyle.lib.storage import StorageFault
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.storage_pieces import open_piece
from gilfoyle.lib.store_places import store_named
from gilfoyle.stores import moving
from gilfoyle.stores.emptying import empty
from gilfoyle.stores.planning import plan_move
from tests.bucket import own_bucket, use_stores
from tests.embedded import OWN_VARIABLES, ROOT, copy_migrated_database
from tests.gilfoyle.stores.moves import (
    ALL,
    MOVED,
    PIECE,
    SEGMENTS,
    SOURCE,
    TEXT,
    begin,
    fill,
    folder_store,
    hashes,
    plan,
)
from tests.gilfoyle.stores.stored import SEGMENTS as STORED_SEGMENTS
from tests.gilfoyle.stores.stored import make_stored, make_upload, segment_of
from tests.ipfs import ipfs_settings
from videos import layout
from videos.uploads.models import Upload, UploadPiece

pytestmark = pytest.mark.django_db


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


def test_all_is_moved_and_only_then_removed(new_store: dict[str, Any], settings: Any) -> None:
    before = hashes("main")
    move = begin(settings, new_store)
    assert move.copy()
    assert (move.counts["copied"], move.counts["there"]) == (7, 7), "the second look finds nothing more"
    assert hashes("new") == hashes("main") == before
    last = plan(settings, is_last=True)
    assert empty(last)
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
        assert empty(move) if is_last else move.copy()
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
    assert empty(plan(settings, is_last=True))
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
    assert empty(plan(settings, is_last=True))
    assert outside.read_bytes() == b"passwd"
    assert (media_dir / "theirs/file").is_file()


def test_what_the_new_store_has_by_now_is_not_replaced(new: dict[str, Any], settings: Any) -> None:
    move = begin(settings, new)
    storage.save_bytes(TEXT, b"newer")
    assert move.copy()
    with storage.open_stored(TEXT) as stored:
        assert stored.read() == b"newer"
    last = plan(settings, is_last=True)
    assert not empty(last)
    assert (last.counts["removed"], last.counts["different"]) == (6, 1)
    assert set(hashes("main")) == {TEXT}
    assert TEXT in last.problems[0]


def receive(size_bytes: int, **fields: Any) -> str:
    """Make an upload with one piece, of which so much counts, and store two bytes more of it; returns its name."""
    upload = make_upload()
    Upload.objects.filter(pk=upload.pk).update(**fields)
    UploadPiece.objects.create(upload=upload, name="a", start_bytes=0, size_bytes=size_bytes)
    name = layout.upload_piece_name(upload.project_id or "", upload.pk, "a")
    storage.save_bytes(name, bytes(size_bytes + 2))
    return name


def test_a_piece_that_grew_is_copied_again(new: dict[str, Any], settings: Any, media_dir: Path) -> None:
    name = receive(8)
    assert begin(settings, new).copy()
    with (media_dir / name).open("ab") as file:
        file.write(b"more")
    UploadPiece.objects.update(size_bytes=14)
    move = plan(settings)
    assert move.copy()
    assert move.counts["copied"] == 1
    assert hashes("new")[name] == hashes("main")[name]


def test_a_piece_whose_writer_is_still_at_the_old_store_is_not_whole(
    new: dict[str, Any], settings: Any, media_dir: Path
) -> None:
    name = receive(8, writer="w", writer_expires_at=timezone.now() + timedelta(hours=1))
    assert begin(settings, new).copy()
    with (media_dir / name).open("ab") as file:
        file.write(b"more")
    UploadPiece.objects.update(size_bytes=14)
    move = plan(settings)
    assert not move.copy()
    assert name in move.problems[0]


def test_a_piece_that_is_being_written_in_the_new_store_is_not_replaced(
    new: dict[str, Any], settings: Any
) -> None:
    name = receive(8)
    assert begin(settings, new).copy()
    writer = open_piece(name, kept_bytes=8)  # it cuts off what does not count: the old store's is longer now
    try:
        move = plan(settings)
        assert move.copy()
        assert move.counts["copied"] == 0
        writer.space()[:12] = b"acknowledged"
        writer.take(12)
        writer.flush()
    finally:
        writer.close()
    with storage.open_stored(name) as stored:
        assert stored.read() == bytes(8) + b"acknowledged"


def test_what_came_to_the_new_store_while_it_was_read_is_not_replaced(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)
    opened = storage.ranges_of

    def write_then_open(store: Any, name: str) -> Any:
        if name == TEXT and store is move.source:
            storage.save_bytes(TEXT, b"newer")
        return opened(store, name)

    monkeypatch.setattr(moving, "ranges_of", write_then_open)
    assert move.copy()
    with storage.open_stored(TEXT) as stored:
        assert stored.read() == b"newer"


def test_another_size_than_the_recorded_one_is_not_taken_for_whole(
    new: dict[str, Any], settings: Any, tmp_path: Path
) -> None:
    video = make_stored()
    move = begin(settings, new)
    cut = tmp_path / "new" / segment_of(video, 1)
    cut.parent.mkdir(parents=True)
    cut.write_bytes(STORED_SEGMENTS[1][:2])
    assert not move.copy()
    assert (move.counts["different"], move.counts["failed"]) == (1, 0)
    assert segment_of(video, 1) in move.problems[0]
    cut.write_bytes(STORED_SEGMENTS[1])
    assert plan(settings).copy()


def test_a_folder_that_is_not_there_is_no_empty_store(
    new: dict[str, Any], settings: Any, media_dir: Path, tmp_path: Path
) -> None:
    move = begin(settings, new)
    (media_dir / "renditions").rename(tmp_path / "renditions")
    (media_dir / "renditions").symlink_to(tmp_path / "not mounted")
    with pytest.raises(StorageFault, match="renditions: is its disk mounted"):
        move.copy()
    media_dir.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageFault, match="is its disk mounted"):
        move.copy()
    with pytest.raises(StorageFault, match="is its disk mounted"):
        empty(move)


def test_it_is_not_whole_while_more_comes(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)
    listed, passes = list_store, iter(range(100))

    def add_then_list(store: Any, prefix: str = "") -> Any:
        if store is move.source:
            storage_moves.add_to(
                store, f"tracks/p/v/t{next(passes)}.vtt", [b"late"], size_bytes=4
            )  # a process of before the restart
        return listed(store, prefix)

    monkeypatch.setattr(moving, "list_store", add_then_list)
    assert not move.copy()
    assert move.counts["copied"] == 7 + moving.PASSES


def test_what_the_new_store_can_t_take_is_not_gone(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)

    def miss(_store: Any, name: str, _pieces: Any, **_size: Any) -> bool:
        raise storage.ObjectMissing("Missing.", name=name)

    monkeypatch.setattr(moving, "add_to", miss)
    assert not move.copy()
    assert (move.counts["failed"], move.counts["gone"]) == (7, 0)


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
    written = storage_moves.add_to

    def write_badly(store: Any, name: str, pieces: Any, *, size_bytes: int) -> bool:
        wrong = [b"x" + piece[1:] for piece in pieces] if name == SOURCE else pieces
        return written(store, name, wrong, size_bytes=size_bytes)

    monkeypatch.setattr(moving, "add_to", write_badly)
    assert not move.copy()
    assert (move.counts["failed"], len(move.problems)) == (1, 1)
    assert set(hashes("new")) == ALL - {SOURCE}
    monkeypatch.setattr(moving, "add_to", written)
    assert plan(settings).copy()
    assert hashes("new") == hashes("main")


def test_a_store_that_fails_is_no_end(
    new: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = begin(settings, new)

    def fail(_store: Any, name: str, _pieces: Any, **_size: Any) -> bool:
        raise StorageFault("No.", name=name)

    monkeypatch.setattr(moving, "add_to", fail)
    assert not move.copy()
    assert move.counts["failed"] == 7


COUNT, VERIFIED = 30, 10
# A process that is killed at a chosen point: the eleventh object is written, and not read back yet.
CHILD = f"""
import os, signal
import django
django.setup()
from django.core.management import call_command
from gilfoyle.stores import moving
hash_of, read = moving.hash_of, []
def hash_or_die(store, name):
    read.append(name)
    if len(read) > {VERIFIED}:
        os.kill(os.getpid(), signal.SIGKILL)
    return hash_of(store, name)
moving.hash_of = hash_or_die
call_command("storage", "migrate", "main", "new", "--parallel", "1")
"""


def test_it_goes_on_after_a_kill(tmp_path: Path, media_dir: Path, settings: Any) -> None:
    names = [f"renditions/p/v/r/v360/{number:05d}.m4s" for number in range(COUNT)]
    for number, name in enumerate(names):
        path = media_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(1000 + number))
    file, folder = tmp_path / "settings.yaml", tmp_path / "new"
    section = {"others": [folder_store(tmp_path)], **MOVED}
    file.write_text(yaml.safe_dump({"storage": section}), encoding="utf-8")
    copy_migrated_database(settings.DATA_DIR)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
    environment = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        "GILFOYLE_SETTINGS": str(file),
        "GILFOYLE_DATA_DIR": str(settings.DATA_DIR),
    }
    killed = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    shown = list(folder.glob("renditions/p/v/r/v360/*"))
    assert len(shown) == VERIFIED + 1
    assert all(path.read_bytes() == (media_dir / path.relative_to(folder)).read_bytes() for path in shown)
    command = [sys.executable, str(ROOT / "manage.py"), "storage", "migrate", "main", "new", "--json"]
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert '"is_whole": true' in again.stdout
    assert all((folder / name).read_bytes() == (media_dir / name).read_bytes() for name in names)
    assert len(list(media_dir.glob("renditions/p/v/r/v360/*"))) == COUNT
