from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import sealed_storage, storage
from gilfoyle.lib.sealed_chunks import CHUNK_BYTES, SealBroken, is_sealed, new_key, sealed_size
from gilfoyle.lib.sealed_storage import open_sealed, opened_copy, read_through, require_stored_as, save_sealed
from gilfoyle.lib.storage import ObjectMissing, StorageFault
from tests.bucket import own_bucket

KEY = new_key()
DATA = os.urandom(5 * CHUNK_BYTES + 321)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["files", "bucket"], autouse=True)
def store(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    if request.param == "files":
        yield
        return
    with own_bucket(settings):
        yield


def stand_still() -> None:
    """Have nothing to tell."""


def lying(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def save() -> None:
    save_sealed("one", iter([DATA[:100_000], DATA[100_000:]]), KEY)


def require_data() -> None:
    require_stored_as("one", KEY, size_bytes=len(DATA), sha256=SHA256, heartbeat=stand_still)


def test_what_is_sealed_is_read_in_parts_and_lies_there_as_noise() -> None:
    save()
    assert storage.size_of("one") == sealed_size(len(DATA))
    assert is_sealed(lying("one"))
    assert DATA[:16] not in lying("one")
    reader = open_sealed("one", KEY, size_bytes=len(DATA))
    assert reader.read(CHUNK_BYTES - 5, 10) == DATA[CHUNK_BYTES - 5 : CHUNK_BYTES + 5]
    assert b"".join(read_through(reader.read, len(DATA), heartbeat=stand_still)) == DATA
    require_data()


def test_an_empty_object_is_sealed_too() -> None:
    save_sealed("one", iter(()), KEY)
    empty = hashlib.sha256().hexdigest()
    require_stored_as("one", KEY, size_bytes=0, sha256=empty, heartbeat=stand_still)
    with pytest.raises(SealBroken):
        require_stored_as("one", new_key(), size_bytes=0, sha256=empty, heartbeat=stand_still)


@pytest.mark.parametrize("size_bytes", [0, len(DATA) - 1, len(DATA) + 1, CHUNK_BYTES])
def test_an_object_of_another_size_is_not_opened(size_bytes: int) -> None:
    save()
    with pytest.raises(SealBroken):
        open_sealed("one", KEY, size_bytes=size_bytes)


def test_what_is_missing_is_missing() -> None:
    with pytest.raises(ObjectMissing):
        open_sealed("one", KEY, size_bytes=1)


@pytest.mark.parametrize("at", [3, 40, CHUNK_BYTES + 100, -1])
def test_a_changed_byte_is_not_taken_for_the_file(at: int) -> None:
    save()
    changed = bytearray(lying("one"))
    changed[at] ^= 0x10
    storage.save_bytes("one", bytes(changed))
    with pytest.raises(SealBroken):
        require_data()


def test_another_file_is_not_taken_for_the_file() -> None:
    save_sealed("one", [os.urandom(len(DATA))], KEY)
    with pytest.raises(StorageFault):
        require_data()


def test_who_loses_his_lease_stops_reading() -> None:
    save()

    def lost() -> None:
        message = "lost"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="lost"):
        require_stored_as("one", KEY, size_bytes=len(DATA), sha256=SHA256, heartbeat=lost)


def test_a_stream_that_breaks_leaves_nothing() -> None:
    def pieces() -> Iterator[bytes]:
        yield DATA
        message = "gone"
        raise OSError(message)

    with pytest.raises(OSError, match="gone"):
        save_sealed("one", pieces(), KEY)
    assert not storage.exists("one")


def test_a_copy_is_there_as_long_as_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_storage, "READ_BYTES", CHUNK_BYTES)
    save()
    reader = open_sealed("one", KEY, size_bytes=len(DATA))
    with opened_copy(reader, name="one", folder=tmp_path / "work") as path:
        assert path.read_bytes() == DATA
        assert path.is_relative_to(tmp_path / "work")
        # Nobody else of this machine may look at what the store is not to see.
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not list((tmp_path / "work").iterdir())


def test_a_copy_of_what_is_damaged_leaves_nothing(tmp_path: Path) -> None:
    save()
    changed = bytearray(lying("one"))
    changed[-1] ^= 1
    storage.save_bytes("one", bytes(changed))
    reader = open_sealed("one", KEY, size_bytes=len(DATA))
    with pytest.raises(SealBroken), opened_copy(reader, name="one", folder=tmp_path / "work"):
        pytest.fail("it was given")
    assert not list((tmp_path / "work").iterdir())
