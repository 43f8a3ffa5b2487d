"""What is sealed can be read in parts, and whoever can write to the store can change nothing of it unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.sealed_chunks import (
    CHUNK_BYTES,
    HEADER_BYTES,
    MAGIC,
    TAG_BYTES,
    SealBroken,
    SealedReader,
    is_sealed,
    new_key,
    seal,
    sealed_size,
)

KEY = new_key()
SMALL = 1024  # the smallest chunk there is: attacks on many chunks stay quick
STRIDE = SMALL + TAG_BYTES


def sealed(data: bytes, *, key: bytes = KEY, chunk_bytes: int = SMALL) -> bytes:
    return b"".join(seal([data], key, chunk_bytes=chunk_bytes))


def open_(stored: bytes, *, key: bytes = KEY) -> SealedReader:
    def read(first: int, length: int) -> bytes:
        return stored[first : first + length]

    return SealedReader.of(read, stored_bytes=len(stored), key=key)


def read_all(stored: bytes, *, key: bytes = KEY) -> bytes:
    reader = open_(stored, key=key)
    reader.require_end()
    return reader.read(0, reader.size_bytes)


def chunks_of(stored: bytes) -> list[bytes]:
    return [stored[at : at + STRIDE] for at in range(HEADER_BYTES, len(stored), STRIDE)]


def must_break(stored: bytes, *, key: bytes = KEY) -> None:
    with pytest.raises(SealBroken):
        read_all(stored, key=key)


@given(
    pieces=st.lists(st.binary(max_size=2500), max_size=6),
    chunk_log2=st.integers(10, 13),
    part=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_every_part_is_what_it_was(pieces: list[bytes], chunk_log2: int, part: tuple[float, float]) -> None:
    data, chunk_bytes = b"".join(pieces), 1 << chunk_log2
    stored = b"".join(seal(iter(pieces), KEY, chunk_bytes=chunk_bytes))
    assert len(stored) == sealed_size(len(data), chunk_bytes)
    reader = open_(stored)
    reader.require_end()
    assert (reader.size_bytes, reader.chunk_bytes) == (len(data), chunk_bytes)
    assert reader.read(0, len(data)) == data
    first, end = sorted(round(share * len(data)) for share in part)
    assert reader.read(first, end - first) == data[first:end]


@pytest.mark.parametrize("around", [-1, 0, 1])
@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_the_ends_of_chunks_are_no_places_to_slip(chunks: int, around: int) -> None:
    data = os.urandom(max(0, chunks * SMALL + around))
    stored = sealed(data)
    assert len(stored) == sealed_size(len(data), SMALL)
    assert read_all(stored) == data


def test_only_the_chunks_around_a_part_are_read() -> None:
    stored, asked = sealed(os.urandom(10 * SMALL)), []

    def read(first: int, length: int) -> bytes:
        asked.append((first, length))
        return stored[first : first + length]

    reader = SealedReader.of(read, stored_bytes=len(stored), key=KEY)
    reader.read(3 * SMALL + 5, SMALL)
    assert asked == [(0, HEADER_BYTES), (HEADER_BYTES + 3 * STRIDE, 2 * STRIDE)]
    asked.clear()
    reader.read(4 * SMALL, SMALL)
    assert asked == [(HEADER_BYTES + 4 * STRIDE, STRIDE)]


@pytest.mark.parametrize(("first", "length"), [(-1, 1), (0, 3001), (3000, 1), (0, -1)])
def test_nothing_beyond_its_ends_is_given(first: int, length: int) -> None:
    with pytest.raises(ValueError, match="no such part"):
        open_(sealed(bytes(3000))).read(first, length)


def test_nothing_of_it_is_told() -> None:
    data = b"ftypmoov" * 4096
    one, other = sealed(data, chunk_bytes=CHUNK_BYTES), sealed(data, chunk_bytes=CHUNK_BYTES)
    assert is_sealed(one)
    assert not is_sealed(data)
    assert b"ftyp" not in one
    assert b"moov" not in one
    # The same file under the same key has nothing in common with itself but what kind of object it is.
    assert one[: len(MAGIC) + 2] == other[: len(MAGIC) + 2]
    alike = sum(a == b for a, b in zip(one[HEADER_BYTES:], other[HEADER_BYTES:], strict=True))
    assert alike < len(data) / 100


def test_every_flipped_bit_is_found() -> None:
    stored = sealed(os.urandom(SMALL + 100))
    assert read_all(stored)
    for bit in range(8 * len(stored)):
        changed = bytearray(stored)
        changed[bit // 8] ^= 1 << bit % 8
        must_break(bytes(changed))


def test_a_file_cut_anywhere_is_found() -> None:
    stored = sealed(os.urandom(3 * SMALL + 7))
    for end in range(len(stored)):
        must_break(stored[:end])


def test_a_file_cut_at_a_chunk_is_shorter_at_once_to_who_knows_its_size() -> None:
    stored = sealed(os.urandom(3 * SMALL))
    cut = open_(stored[: HEADER_BYTES + 2 * STRIDE])
    assert cut.size_bytes == 2 * SMALL
    with pytest.raises(SealBroken):
        cut.require_end()


@given(data=st.data())
def test_chunks_in_any_other_order_or_number_are_found(data: st.DataObject) -> None:
    stored = sealed(os.urandom(4 * SMALL + 10))
    header, chunks = stored[:HEADER_BYTES], chunks_of(stored)
    other = data.draw(st.lists(st.sampled_from(range(len(chunks))), min_size=1, max_size=7))
    if other == list(range(len(chunks))):
        return
    must_break(header + b"".join(chunks[one] for one in other))


def test_nothing_can_be_added() -> None:
    data = os.urandom(2 * SMALL)
    stored = sealed(data)
    for more in (b"\0", bytes(TAG_BYTES), bytes(TAG_BYTES + 1), bytes(STRIDE), stored[HEADER_BYTES:]):
        must_break(stored + more)


def test_chunks_and_headers_of_another_file_under_the_same_key_are_found() -> None:
    one, other = sealed(os.urandom(3 * SMALL)), sealed(os.urandom(3 * SMALL))
    must_break(other[:HEADER_BYTES] + one[HEADER_BYTES:])
    for number in range(3):
        mixed = chunks_of(one)
        mixed[number] = chunks_of(other)[number]
        must_break(one[:HEADER_BYTES] + b"".join(mixed))


def test_a_file_of_another_key_is_found() -> None:
    must_break(sealed(b"something"), key=new_key())


@pytest.mark.parametrize("stored", [b"", MAGIC, bytes(HEADER_BYTES + TAG_BYTES), os.urandom(5000)])
def test_what_was_never_sealed_is_found(stored: bytes) -> None:
    must_break(stored)


@given(stored=st.binary(max_size=400))
def test_nothing_is_made_of_any_bytes(stored: bytes) -> None:
    must_break(MAGIC + bytes((1, 10)) + stored)


def test_a_chunk_says_nothing_of_the_others_that_are_broken() -> None:
    data = os.urandom(3 * SMALL)
    stored = bytearray(sealed(data))
    stored[HEADER_BYTES + STRIDE] ^= 1
    reader = open_(bytes(stored))
    assert reader.read(0, SMALL) == data[:SMALL]
    with pytest.raises(SealBroken) as caught:
        reader.read(SMALL - 1, 2)
    assert caught.value.facts == {"chunk": 1}
    assert reader.read(2 * SMALL, SMALL) == data[2 * SMALL :]


def test_a_file_that_breaks_off_gets_no_end() -> None:
    def pieces() -> Iterator[bytes]:
        yield os.urandom(2 * SMALL)
        message = "gone"
        raise OSError(message)

    stored = bytearray()
    with pytest.raises(OSError, match="gone"):
        stored.extend(b"".join(_gather(seal(pieces(), KEY, chunk_bytes=SMALL), stored)))
    must_break(bytes(stored))


def _gather(pieces: Iterator[bytes], into: bytearray) -> Iterator[bytes]:
    for piece in pieces:
        into.extend(piece)
        yield b""


@pytest.mark.parametrize("chunk_bytes", [0, 512, 1000, 1 << 25])
def test_other_chunks_are_not_made(chunk_bytes: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        sealed(b"x", chunk_bytes=chunk_bytes)


def test_other_keys_are_not_taken() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sealed(b"x", key=b"short")


def test_a_header_that_asks_for_absurd_chunks_is_refused() -> None:
    stored = bytearray(sealed(bytes(5000)))
    for log2 in (0, 9, 25, 255):
        stored[len(MAGIC) + 1] = log2
        must_break(bytes(stored))
