from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from gilfoyle.lib import storage, storage_moves
from gilfoyle.lib.storage_moves import add_to, take_file
from tests.bucket import own_bucket

NAME = "sources/p/v/u/source-1"


def a_file(folder: Path, data: bytes = b"whole") -> Path:
    path = folder / "made"
    path.write_bytes(data)
    return path


def read(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def test_a_file_is_taken_without_copying_it(tmp_path: Path, media_dir: Path) -> None:
    path = a_file(tmp_path)
    assert take_file(NAME, path)
    taken = storage.local_path(NAME)
    assert taken is not None
    assert taken.samefile(path)
    path.unlink()
    assert read(NAME) == b"whole"


def test_a_name_that_is_taken_stays_what_it_is(tmp_path: Path, media_dir: Path) -> None:
    storage.save_bytes(NAME, b"older")
    assert not take_file(NAME, a_file(tmp_path))
    assert read(NAME) == b"older"


def test_from_another_filesystem_it_is_copied(
    tmp_path: Path, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = a_file(tmp_path), Path.hardlink_to

    def refuse(self: Path, target: Path) -> None:
        if target == path:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert take_file(NAME, path)
    assert read(NAME) == b"whole"


def test_a_bucket_takes_it_too(tmp_path: Path, settings: Any) -> None:
    with own_bucket(settings):
        assert take_file(NAME, a_file(tmp_path))
        assert read(NAME) == b"whole"
        assert not take_file(NAME, a_file(tmp_path, b"later"))
        assert read(NAME) == b"whole"


@pytest.mark.parametrize("kind", ["filesystem", "s3"])
def test_what_is_added_to_a_store_replaces_nothing(kind: str, settings: Any) -> None:
    if kind == "s3":
        with own_bucket(settings):
            check_adding()
    else:
        check_adding()


def check_adding() -> None:
    assert add_to(storages["media"], NAME, [b"fi", b"rst"], size_bytes=5)
    assert not add_to(storages["media"], NAME, [b"second"], size_bytes=6)
    assert read(NAME) == b"first"


def test_what_is_large_comes_to_a_bucket_in_parts(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_moves, "AT_ONCE_BYTES", 4)
    with own_bucket(settings):
        assert add_to(storages["media"], NAME, [b"fi", b"rst"], size_bytes=5)
        assert read(NAME) == b"first"
