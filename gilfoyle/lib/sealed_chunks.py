"""How an object is encrypted so that parts of it can be read alone. Pure: bytes in, bytes out.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM:

    header (32 bytes) = magic (7) | version (1) | log2 of the chunk's size (1) | nonce prefix (7) | salt (16)
    chunk             = ciphertext of at most so many bytes | tag (16)

Chunk i is encrypted under HKDF-SHA256(key, salt) with the nonce prefix | i (4, big endian) | is it the last? (1), and
the header as associated data. All chunks but the last are full, and an empty file has one empty chunk. So a chunk that
is changed, moved, left out, added, or taken from another object is refused; what is cut off at the end shows where its
size is known, and in any case at the last chunk.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gilfoyle.lib.errors import Fault

MAGIC = b"gfseal\x1a"
VERSION = 1
KEY_BYTES = 32
PREFIX_BYTES, SALT_BYTES, TAG_BYTES = 7, 16, 16
HEADER_BYTES = len(MAGIC) + 2 + PREFIX_BYTES + SALT_BYTES
# As large as the blocks in which sources are read, so that nothing is read or opened in vain.
CHUNK_BYTES = 64 * 1024
SMALLEST_CHUNK_LOG2, LARGEST_CHUNK_LOG2 = 10, 24
MAX_CHUNKS = 2**32
_INFO = b"gilfoyle-sealed-chunks-v1"
BROKEN = "What is stored is damaged, or is not what was stored here: it can't be decrypted."


class SealBroken(Fault):
    """What is stored was changed, cut, or is another object's; nothing of the chunk in question is given out."""

    code: ClassVar[str] = "seal_broken"


def new_key() -> bytes:
    """Return a key for one object."""
    return secrets.token_bytes(KEY_BYTES)


def sealed_size(size_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> int:
    """Return how many bytes an object takes that is so long before."""
    return HEADER_BYTES + size_bytes + TAG_BYTES * max(1, -(-size_bytes // chunk_bytes))


def seal(pieces: Iterable[bytes], key: bytes, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Encrypt what comes in pieces of any size, in constant memory: the header, then chunk by chunk.

    Raises: whatever the iterable raises, before the last chunk is given.
    """
    header = _new_header(chunk_bytes)
    yield header
    cipher, index, rest = _cipher(key, header), 0, bytearray()
    for piece in pieces:
        rest += piece
        # One full chunk is held back: only who has seen the end knows which one is the last.
        full = max(0, len(rest) - 1) // chunk_bytes
        for start in range(0, full * chunk_bytes, chunk_bytes):
            yield _encrypt(cipher, header, index, bytes(rest[start : start + chunk_bytes]), is_last=False)
            index += 1
        del rest[: full * chunk_bytes]
    yield _encrypt(cipher, header, index, bytes(rest), is_last=True)


def _new_header(chunk_bytes: int) -> bytes:
    log2 = chunk_bytes.bit_length() - 1
    if not SMALLEST_CHUNK_LOG2 <= log2 <= LARGEST_CHUNK_LOG2 or chunk_bytes != 1 << log2:
        message = "A chunk has a power of two of bytes."
        raise ValueError(message)
    return MAGIC + bytes((VERSION, log2)) + secrets.token_bytes(PREFIX_BYTES + SALT_BYTES)


def _cipher(key: bytes, header: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        message = "A key has 32 bytes."
        raise ValueError(message)
    derived = HKDF(SHA256(), KEY_BYTES, salt=header[-SALT_BYTES:], info=_INFO).derive(key)
    return AESGCM(derived)


def _encrypt(cipher: AESGCM, header: bytes, index: int, chunk: bytes, *, is_last: bool) -> bytes:
    if index >= MAX_CHUNKS:
        message = "This is too long to be encrypted."
        raise ValueError(message)
    return cipher.encrypt(_nonce(header, index, is_last=is_last), chunk, header)


def _nonce(header: bytes, index: int, *, is_last: bool) -> bytes:
    prefix = header[len(MAGIC) + 2 : len(MAGIC) + 2 + PREFIX_BYTES]
    return prefix + index.to_bytes(4) + bytes((is_last,))


def is_sealed(head: bytes) -> bool:
    """Tell whether something begins as a sealed object does; who else may write there can make it look so."""
    return head.startswith(MAGIC)


@dataclass(frozen=True, slots=True)
class SealedReader:
    """A sealed object that is read in parts, from any thread; `read(first, length)` gives what is stored of it.

    `size_bytes` is what it was before it was sealed.
    """

    size_bytes: int
    chunk_bytes: int
    _header: bytes
    _cipher: AESGCM
    _read: Callable[[int, int], bytes]

    @classmethod
    def of(cls, read: Callable[[int, int], bytes], *, stored_bytes: int, key: bytes) -> SealedReader:
        """Look at an object's header.

        Raises: SealBroken where it has none, or a length that no such object has; what `read` raises.
        """
        if stored_bytes < HEADER_BYTES + TAG_BYTES:
            raise SealBroken(BROKEN)
        header = read(0, HEADER_BYTES)
        if len(header) != HEADER_BYTES or header[: len(MAGIC) + 1] != MAGIC + bytes((VERSION,)):
            raise SealBroken(BROKEN)
        log2 = header[len(MAGIC) + 1]
        if not SMALLEST_CHUNK_LOG2 <= log2 <= LARGEST_CHUNK_LOG2:
            raise SealBroken(BROKEN)
        size_bytes = opened_size(stored_bytes, 1 << log2)
        return cls(size_bytes, 1 << log2, header, _cipher(key, header), read)

    def read(self, first: int, length: int) -> bytes:
        """Return exactly `length` bytes from `first` on, reading the chunks around them at once.

        Raises: SealBroken; what the store's `read` raises.
        """
        if first < 0 or length < 0 or first + length > self.size_bytes:
            message = "There is no such part of this object."
            raise ValueError(message)
        if not length:
            return b""
        index, skipped = divmod(first, self.chunk_bytes)
        end = -(-(first + length) // self.chunk_bytes)
        opened = b"".join(self._chunks(index, end))
        return opened if len(opened) == length else opened[skipped : skipped + length]

    def _chunks(self, index: int, end: int) -> Iterator[bytes]:
        """Give the chunks from one to before another."""
        stride, last = self.chunk_bytes + TAG_BYTES, self._last
        last_bytes = self.size_bytes - last * self.chunk_bytes + TAG_BYTES
        wanted = (end - index) * stride if end <= last else (last - index) * stride + last_bytes
        stored = memoryview(self._read(HEADER_BYTES + index * stride, wanted))
        if len(stored) != wanted:
            raise SealBroken(BROKEN)
        for number in range(index, end):
            at = (number - index) * stride
            yield self._open(number, stored[at : at + stride], is_last=number == last)

    @property
    def _last(self) -> int:
        return max(0, self.size_bytes - 1) // self.chunk_bytes

    def _open(self, index: int, stored: memoryview, *, is_last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(self._header, index, is_last=is_last), stored, self._header)
        except InvalidTag:
            raise SealBroken(BROKEN, chunk=index) from None

    def require_end(self) -> None:
        """See whether the end is there: the last chunk tells that nothing was cut off, and that the key is right.

        Raises: SealBroken; what the store's `read` raises.
        """
        for _ in self._chunks(self._last, self._last + 1):
            pass


def opened_size(stored_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> int:
    """Return how many bytes an object has before it is sealed that takes so many.

    Raises: SealBroken where no object has this length.
    """
    full, rest = divmod(stored_bytes - HEADER_BYTES, chunk_bytes + TAG_BYTES)
    # Nothing but a tag is the end of an empty file alone.
    if rest and rest < TAG_BYTES + (1 if full else 0):
        raise SealBroken(BROKEN)
    return full * chunk_bytes + max(0, rest - TAG_BYTES)
