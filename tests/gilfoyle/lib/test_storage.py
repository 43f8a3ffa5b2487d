import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gilfoyle.lib import storage
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.file_writes import INCOMING
from gilfoyle.lib.storage import ObjectMissing, StorageFault


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def read(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def test_what_is_saved_is_there_and_can_be_replaced(media_dir: Path) -> None:
    storage.save_bytes("a/b/one", b"first")
    storage.save_bytes("a/b/one", b"second!")
    assert read("a/b/one") == b"second!"
    assert storage.size_of("a/b/one") == 7
    assert storage.exists("a/b/one")
    assert storage.local_path("a/b/one") == media_dir / "a/b/one"
    assert files_below(media_dir) == ["a/b/one"]


def test_who_reads_while_an_object_is_replaced_reads_the_old_one_whole() -> None:
    storage.save_bytes("one", b"first")
    with storage.open_stored("one") as reader:
        assert reader.read(2) == b"fi"
        storage.save_bytes("one", b"second")
        assert reader.read() == b"rst"
    assert read("one") == b"second"


def test_a_file_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    assert storage.add_file("copy", source)
    assert read("copy") == source.read_bytes()
    assert source.exists()


@hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(pieces=st.lists(st.binary(max_size=300), max_size=12))
def test_pieces_of_any_size_are_joined(pieces: list[bytes]) -> None:
    storage.save_stream("joined", iter(pieces))
    assert read("joined") == b"".join(pieces)


@pytest.mark.parametrize(
    "error", [ValueError("stop"), OSError(errno.EPIPE, "gone"), KeyboardInterrupt(), NoSpace("x")]
)
def test_a_stream_that_breaks_leaves_what_was_there_and_nothing_else(
    media_dir: Path, error: BaseException
) -> None:
    storage.save_bytes("one", b"before")

    def pieces() -> Iterator[bytes]:
        yield b"after"
        assert len(files_below(media_dir)) == 2  # the unfinished one, under another name
        raise error

    with pytest.raises(type(error)) as caught:
        storage.save_stream("one", pieces())
    assert caught.value is error
    assert read("one") == b"before"
    assert files_below(media_dir) == ["one"]


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "..", "incoming/../../out"])
def test_no_name_leads_out_of_the_store(media_dir: Path, name: str) -> None:
    media_dir.mkdir(parents=True)
    outside = media_dir.parent / "out"
    outside.write_bytes(b"kept")
    uses = [
        lambda: storage.save_bytes(name, b"x"),
        lambda: storage.open_stored(name),
        lambda: storage.local_path(name),
        lambda: storage.local_copy(name).__enter__(),
        lambda: storage.exists(name),
        lambda: storage.size_of(name),
        lambda: storage.delete(name),
        lambda: storage.delete_folder(name),
    ]
    for use in uses:
        with pytest.raises(SuspiciousFileOperation):
            use()
    assert outside.read_bytes() == b"kept"


def test_a_missing_object_is_a_fault_of_its_own() -> None:
    for use in (storage.open_stored, storage.size_of, lambda name: storage.local_copy(name).__enter__()):
        with pytest.raises(ObjectMissing):
            use("nothing/here")
    assert not storage.exists("nothing/here")
    storage.delete("nothing/here")
    storage.delete_folder("nothing/here")


def test_a_local_copy_is_the_object_itself(media_dir: Path) -> None:
    storage.save_bytes("one", b"x")
    with storage.local_copy("one") as path:
        assert path == media_dir / "one"
    assert path.exists()


def test_a_folder_goes_with_all_below_it_and_nothing_beside_it(media_dir: Path) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "c"):
        storage.save_bytes(name, b"x")
    for _ in range(2):
        storage.delete_folder("a")
        assert files_below(media_dir) == ["ab/3", "c"]
    storage.delete("c")
    assert files_below(media_dir) == ["ab/3"]


def test_any_other_trouble_is_a_storage_fault(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True, exist_ok=True)
    media_dir.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageFault):
        storage.save_bytes("one", b"x")


def test_what_a_killed_write_left_is_removed_and_a_living_one_goes_on(media_dir: Path) -> None:
    assert storage.clear_incoming(older_than_s=60) == 0
    storage.save_bytes("a/one", b"kept, however old")
    os.utime(media_dir / "a/one", (0, 0))
    left = media_dir / INCOMING / "left"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 61,) * 2)

    def pieces() -> Iterator[bytes]:
        yield b"still "
        assert storage.clear_incoming(older_than_s=60) == 1
        yield b"written"

    storage.save_stream("two", pieces())
    assert read("two") == b"still written"
    assert files_below(media_dir) == ["a/one", "two"]


def test_free_bytes_are_those_of_the_disk(media_dir: Path) -> None:
    free = storage.free_bytes()
    assert free is not None
    assert free > 0
    assert not media_dir.exists()


def test_a_store_is_usable_once_its_folder_can_be_made(media_dir: Path) -> None:
    storage.require_usable()
    assert media_dir.is_dir()
    media_dir.rmdir()
    media_dir.write_bytes(b"a file where the folder should be")
    with pytest.raises(StorageFault):
        storage.require_usable()


def test_what_is_added_stays_whoever_comes_later(media_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"another")
    assert storage.add_bytes("a/one", b"first")
    assert not storage.add_bytes("a/one", b"second")
    assert not storage.add_file("a/one", other)
    assert read("a/one") == b"first"
    assert storage.add_file("a/two", other)
    assert read("a/two") == b"another"
    assert files_below(media_dir) == ["a/one", "a/two"]
    assert storage.is_write_once()


def test_parts_of_an_object_are_read() -> None:
    storage.save_bytes("one", b"0123456789")
    ranges = storage.open_ranges("one")
    assert ranges.size_bytes == 10
    assert [ranges.read(0, 1), ranges.read(3, 4), ranges.read(9, 1)] == [b"0", b"3456", b"9"]
    with pytest.raises(StorageFault, match="shorter"):
        ranges.read(8, 3)
    storage.delete("one")
    with pytest.raises(ObjectMissing):
        ranges.read(0, 1)
    with pytest.raises(ObjectMissing):
        storage.open_ranges("one")


def test_a_part_whose_reading_broke_off_is_read_once_more() -> None:
    answers: list[OSError | bytes] = [OSError(errno.EIO, "broken"), b"part"]

    def answer(first: int, length: int) -> bytes:
        found = answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    assert storage.RangeReader("one", 4, answer).read(0, 4) == b"part"
    answers[:] = [OSError(errno.EIO, "broken"), OSError(errno.EIO, "for good")]
    with pytest.raises(StorageFault):
        storage.RangeReader("one", 4, answer).read(0, 4)
    assert answers == []
