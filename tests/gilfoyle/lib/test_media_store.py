"""What lib/storage.py promises, on a real object store."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import bucket as bucket_module
from gilfoyle.lib import storage
from gilfoyle.lib.bucket import PART_BYTES
from gilfoyle.lib.config import Config
from gilfoyle.lib.media_store import media_store
from gilfoyle.lib.storage import ObjectMissing, StorageFault
from tests.bucket import own_bucket, use_bucket


@pytest.fixture(params=["", "some/prefix/"])
def bucket(request: pytest.FixtureRequest, settings: Any) -> Iterator[Any]:
    """Use a folder of its own in the bucket as the media store."""
    with own_bucket(settings, prefix=request.param) as store:
        yield store


def test_without_a_word_it_is_the_media_folder(tmp_path: Path) -> None:
    config = Config.model_validate({"server": {"data_dir": str(tmp_path)}})
    folder = {"location": str(tmp_path / "media")}
    assert media_store(config) == {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": folder,
    }


def test_a_bucket_that_is_silent_counts_as_gone() -> None:
    config = Config.model_validate({"storage": {"backend": "s3", "s3": {"bucket": "b", "timeout_s": 7}}})
    told = media_store(config)["OPTIONS"]["client_config"]
    assert (told.connect_timeout, told.read_timeout, told.retries["total_max_attempts"]) == (5, 7, 3)


def names_in(bucket: Any) -> list[str]:
    root = bucket.location.strip("/") + "/"
    return sorted(found.key.removeprefix(root) for found in bucket.bucket.objects.filter(Prefix=root))


def read(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def test_objects_are_stored_replaced_read_and_removed(bucket: Any) -> None:
    for data in (b"first", b"second!", b""):
        storage.save_bytes("a/one", data)
        assert read("a/one") == data
        assert storage.size_of("a/one") == len(data)
    assert storage.exists("a/one")
    assert storage.local_path("a/one") is None
    assert storage.free_bytes() is None
    storage.require_usable()
    storage.delete("a/one")
    storage.delete("a/one")
    assert not storage.exists("a/one")


def test_a_local_copy_is_made_and_removed(bucket: Any) -> None:
    storage.save_bytes("one", b"data")
    with storage.local_copy("one") as path:
        assert path.read_bytes() == b"data"
    assert not path.exists()


def test_a_local_copy_is_made_in_the_folder_given_and_no_second_one_anywhere(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.save_bytes("one", b"data" * 1024**2)
    nowhere = tmp_path / "nowhere"
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))  # any other temporary file would fail here
    folder = tmp_path / "scratch" / "job"
    with storage.local_copy("one", folder=folder) as path:
        assert path.is_relative_to(folder)
        assert path.stat().st_size == 4 * 1024**2
        assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
    assert list(folder.iterdir()) == []


def test_an_object_that_cannot_be_read_is_told_when_it_is_opened(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.save_bytes("one", b"data" * 1024**2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # its bytes find no place
    with pytest.raises(StorageFault):
        storage.open_stored("one")


def test_a_large_object_goes_up_in_parts(bucket: Any) -> None:
    piece = os.urandom(1024 * 1024)
    count = 2 * PART_BYTES // len(piece) + 1
    storage.save_stream("large", (piece for _ in range(count)))
    assert storage.size_of("large") == count * len(piece)
    with storage.local_copy("large") as path, path.open("rb") as copy:
        assert all(copy.read(len(piece)) == piece for _ in range(count))


@pytest.mark.parametrize("after_bytes", [1024, PART_BYTES + 1024 * 1024])
@pytest.mark.parametrize("error", [ValueError("stop"), OSError("gone"), KeyboardInterrupt()])
def test_a_stream_that_breaks_leaves_what_was_there_and_nothing_else(
    bucket: Any, after_bytes: int, error: BaseException
) -> None:
    storage.save_bytes("one", b"before")

    def pieces() -> Iterator[bytes]:
        for _ in range(after_bytes // 1024):
            yield b"x" * 1024
        raise error

    with pytest.raises(type(error)) as caught:
        storage.save_stream("one", pieces())
    assert caught.value is error
    assert read("one") == b"before"
    assert names_in(bucket) == ["one"]
    begun = {upload.object_key for upload in bucket.bucket.multipart_uploads.all()}
    assert {key for key in begun if key.startswith(bucket.location)} == set(), "others may upload, too"


def test_missing_objects_are_a_fault_of_their_own(bucket: Any) -> None:
    for use in (storage.open_stored, storage.size_of, lambda name: storage.local_copy(name).__enter__()):
        with pytest.raises(ObjectMissing):
            use("nothing/here")


def test_a_folder_goes_with_all_below_it_and_nothing_beside_it(bucket: Any) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "c"):
        storage.save_bytes(name, b"x")
    for _ in range(2):
        storage.delete_folder("a")
        assert names_in(bucket) == ["ab/3", "c"]


def test_a_store_that_refuses_is_a_storage_fault(bucket: Any, settings: Any) -> None:
    wrong = {
        "bucket": bucket.bucket_name,
        "endpoint_url": bucket.endpoint_url,
        "access_key_id": "x",
        "secret_access_key": "y",
    }
    use_bucket(settings, wrong)
    for use in (
        lambda: storage.save_bytes("one", b"x"),
        lambda: storage.open_stored("one"),
        storage.require_usable,
    ):
        with pytest.raises(StorageFault):
            use()


def test_what_is_added_stays_whoever_comes_later(bucket: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"another")
    assert storage.is_write_once()
    assert storage.add_bytes("a/one", b"first")
    assert not storage.add_bytes("a/one", b"second")
    assert not storage.add_file("a/one", other)
    assert read("a/one") == b"first"
    assert storage.add_file("a/two", other)
    assert read("a/two") == b"another"
    assert names_in(bucket) == ["a/one", "a/two"]  # and nothing of the self-test


def test_an_object_is_copied_by_the_server(bucket: Any) -> None:
    storage.add_bytes("a/one", b"bytes")
    storage.copy_object("a/one", "b/two")
    with storage.open_stored("b/two") as stored:
        assert stored.read() == b"bytes"
    with pytest.raises(ObjectMissing):
        storage.copy_object("a/none", "b/three")


def test_of_many_that_add_at_once_the_first_stays(bucket: Any) -> None:
    storage.is_write_once()
    start = threading.Barrier(4)

    def add(number: int) -> bool:
        start.wait()
        return storage.add_bytes("one", bytes([number]) * 100_000)

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(add, range(4)))
    assert any(won)
    assert read("one") in [bytes([number]) * 100_000 for number in range(4) if won[number]]
    before = read("one")
    assert not storage.add_bytes("one", b"late")
    assert read("one") == before


def test_where_conditions_are_not_honoured_it_is_looked_at_before(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "honours_conditions", lambda _media: False)
    assert not storage.is_write_once()
    assert storage.add_bytes("one", b"first")
    assert not storage.add_bytes("one", b"second")
    assert read("one") == b"first"


def test_parts_of_an_object_are_read_and_no_more(bucket: Any) -> None:
    data = os.urandom(300_000)
    storage.save_bytes("one", data)
    ranges = storage.open_ranges("one")
    assert ranges.size_bytes == len(data)
    with ThreadPoolExecutor(4) as pool:  # any thread may read
        firsts = range(0, 200_000, 10_000)
        assert list(pool.map(lambda first: ranges.read(first, 5000), firsts)) == [
            data[first : first + 5000] for first in firsts
        ]
    with pytest.raises(StorageFault, match="shorter"):
        ranges.read(299_999, 2)
    storage.delete("one")
    with pytest.raises(ObjectMissing):
        ranges.read(0, 1)
    with pytest.raises(ObjectMissing):
        storage.open_ranges("one")
