"""Media segments as ciphertext: AES-128-CBC of whole files, as HLS players decrypt it (RFC 8216, 4.3.2.4). Pure.

- Each revision of a video has a random content key of its own, so that what is made anew never meets a key again.
- Each rendition has a key that is derived from it: who may have 240p can't read 1080p, also with all of its bytes.
- The IV is the segment's number (128 bits, big endian), which is what players take where a playlist names none: the
  media sequence number. Numbers begin at 0 in every rendition and are never used twice in it, so no key meets an IV
  a second time. That the IV can be told beforehand does not matter: nobody chooses plaintexts after seeing ciphertexts.
  A playlist must therefore number what it lists by EXT-X-MEDIA-SEQUENCE, also where it begins later than the video.
- So a segment's ciphertext is a matter of its bytes alone: a chunk that is encoded again gives the same objects.
- CBC proves nothing of what it decrypts: who can write to the store can spoil pictures, as with clear ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

CONTENT_KEY_LENGTH = 32
SEGMENT_KEY_LENGTH = 16
PICTURE_KEY_LENGTH = 32
BLOCK_LENGTH = 16
_USE = b"gilfoyle-segments-v1\0"
_PICTURE_USE = b"gilfoyle-pictures-v1\0"


class SegmentUnreadable(Exception):
    """Stored bytes are no segment under this key."""


@dataclass(frozen=True, slots=True)
class SegmentCipher:
    """Encrypts and decrypts the segments of one revision."""

    content_key: bytes = field(repr=False)

    def key_of(self, rendition: str) -> bytes:
        """Return the 16 bytes that players of one rendition need."""
        return self._derived(_USE + rendition.encode(), SEGMENT_KEY_LENGTH)

    def key_of_picture(self, name: str) -> bytes:
        """Return the 32 bytes that one of the revision's pictures is sealed with, by the name of its object."""
        return self._derived(_PICTURE_USE + name.encode(), PICTURE_KEY_LENGTH)

    def _derived(self, use: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, salt=None, info=use).derive(self.content_key)

    def encrypt(self, segment: bytes, *, rendition: str, number: int) -> bytes:
        """Return a segment as it is stored: 1 to 16 bytes longer."""
        padder = PKCS7(BLOCK_LENGTH * 8).padder()
        encryptor = self._cipher(rendition, number).encryptor()
        padded = padder.update(segment) + padder.finalize()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, stored: bytes, *, rendition: str, number: int) -> bytes:
        """Return a segment as it was encoded.

        Raises: SegmentUnreadable, though not for each wrong key: see above.
        """
        decryptor = self._cipher(rendition, number).decryptor()
        unpadder = PKCS7(BLOCK_LENGTH * 8).unpadder()
        try:
            padded = decryptor.update(stored) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise SegmentUnreadable(str(error)) from None

    def _cipher(self, rendition: str, number: int) -> Cipher[CBC]:
        return Cipher(AES128(self.key_of(rendition)), CBC(number.to_bytes(BLOCK_LENGTH, "big")))
