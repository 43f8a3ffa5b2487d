"""Links, and filesystems without them; what a store does with them is seen in test_storage.py."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.storage import ObjectMissing
from tests.gilfoyle.lib.test_storage import files_below, read


def test_a_filesystem_without_links_is_told_of_and_looked_at_before(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert not storage.is_write_once()
    assert storage.add_bytes("one", b"first")
    assert not storage.add_bytes("one", b"second")
    assert read("one") == b"first"
    assert files_below(media_dir) == ["one"]


def test_of_many_that_add_at_once_one_wins_and_its_bytes_stand(media_dir: Path) -> None:
    start = threading.Barrier(8)

    def add(number: int) -> bool:
        start.wait()
        return storage.add_bytes("one", bytes([number]) * 100_000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(add, range(8)))
    assert won.count(True) == 1
    assert read("one") == bytes([won.index(True)]) * 100_000
    assert files_below(media_dir) == ["one"]


def test_an_object_gets_a_second_name_without_a_second_copy(
    media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.add_bytes("one", b"bytes")
    for _ in range(2):
        storage.copy_object("one", "deep/two")
    assert read("deep/two") == b"bytes"
    assert (media_dir / "one").samefile(media_dir / "deep" / "two")
    storage.delete("one")
    assert read("deep/two") == b"bytes"
    storage.add_bytes("one", b"another")
    storage.copy_object("one", "deep/two")
    assert read("deep/two") == b"bytes", "what has a name keeps it"
    with pytest.raises(ObjectMissing):
        storage.copy_object("none", "three")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "another mount")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    storage.copy_object("one", "four")
    assert read("four") == b"another"
