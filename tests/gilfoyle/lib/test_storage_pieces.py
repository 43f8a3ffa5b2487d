from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import SealBroken, is_sealed, new_key
from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault
from gilfoyle.lib.storage_pieces import (
    OBJECT_BYTES,
    PieceWriter,
    can_grow,
    open_piece,
    read_piece,
    trim_piece,
)
from tests.bucket import own_bucket

NAME = "uploads/p/u/one"


def put(piece: PieceWriter, data: bytes) -> None:
    piece.space()[: len(data)] = data
    piece.take(len(data))


def write(data: bytes, *, kept_bytes: int = 0) -> None:
    piece = open_piece(NAME, kept_bytes=kept_bytes)
    put(piece, data)
    piece.flush()
    assert piece.size_bytes == kept_bytes + len(data)
    piece.close()


def read(size_bytes: int) -> bytes:
    return b"".join(read_piece(NAME, size_bytes))


def test_a_piece_grows_under_one_writer_after_the_other(media_dir: Path) -> None:
    assert can_grow()
    write(b"abc")
    write(b"def", kept_bytes=3)
    assert read(6) == b"abcdef"
    assert read(2) == b"ab"


def test_what_a_writer_could_not_make_durable_is_cut_off(media_dir: Path) -> None:
    write(b"abcdef")
    write(b"XY", kept_bytes=2)
    assert read(4) == b"abXY"
    with pytest.raises(StorageFault):
        read(5)


def test_a_piece_belongs_to_who_began_it(media_dir: Path) -> None:
    write(b"abc")
    with pytest.raises(StorageFault):
        write(b"abc")


def test_a_piece_that_lost_bytes_is_not_gone_on_with(media_dir: Path) -> None:
    write(b"abc")
    with pytest.raises(StorageFault):
        open_piece(NAME, kept_bytes=4)
    with pytest.raises(ObjectMissing):
        open_piece("uploads/p/u/other", kept_bytes=4)


def test_a_piece_is_trimmed_to_what_counts(media_dir: Path) -> None:
    write(b"abcdef")
    trim_piece(NAME, 6)
    trim_piece(NAME, 3)
    path = storage.local_path(NAME)
    assert path is not None
    assert path.read_bytes() == b"abc"


def test_a_bucket_keeps_each_flush_as_an_object(settings: Any) -> None:
    with own_bucket(settings):
        assert not can_grow()
        piece = open_piece(NAME)
        assert (piece.is_growing, piece.flush_bytes) == (False, OBJECT_BYTES)
        put(piece, b"abc")
        assert not storage.exists(NAME)
        put(piece, b"def")
        piece.flush()
        assert read(6) == b"abcdef"
        trim_piece(NAME, 6)
        piece.close()


def test_a_piece_in_a_bucket_is_encrypted_where_there_is_a_key(settings: Any) -> None:
    data, key = os.urandom(200_000), new_key()
    with own_bucket(settings):
        piece = open_piece(NAME, key=key)
        put(piece, data)
        piece.flush()
        piece.close()
        assert is_sealed(storage.open_stored(NAME).read())
        assert b"".join(read_piece(NAME, len(data), key=key)) == data
        assert b"".join(read_piece(NAME, 150_000, first=70_000, key=key)) == data[70_000:150_000]
        with pytest.raises(StorageFault):
            b"".join(read_piece(NAME, len(data) + 1, key=key))
        with pytest.raises(SealBroken):
            b"".join(read_piece(NAME, len(data), key=new_key()))
        storage.save_bytes(NAME, data)
        with pytest.raises(SealBroken):
            b"".join(read_piece(NAME, len(data), key=key))


def test_a_piece_that_grows_stays_as_it_came(media_dir: Path) -> None:
    piece = open_piece(NAME, key=new_key())
    put(piece, b"abc")
    piece.flush()
    piece.close()
    assert read(3) == b"abc"
