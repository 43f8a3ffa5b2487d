"""Pictures of encrypted revisions as they are stored: sealed with the revision's key, as they show what its segments do.

Players can't decrypt a picture, so Gilfoyle does, for viewers and staff. Each has a key by its object's name.
"""

from __future__ import annotations

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import SealedReader, seal
from videos.segment_cipher import SegmentCipher


def save_picture(name: str, data: bytes, cipher: SegmentCipher | None) -> None:
    """Store a picture, sealed where its revision has a cipher.

    Raises: NoSpace, StorageFault.
    """
    pieces = [data] if cipher is None else seal([data], cipher.key_of_picture(name))
    storage.save_stream(name, pieces)


def read_picture(name: str, cipher: SegmentCipher | None) -> bytes:
    """Return a picture as it was saved.

    Raises: ObjectMissing, StorageFault; SealBroken where it is not what was saved under this name.
    """
    stored = storage.open_ranges(name)
    if cipher is None:
        return stored.read(0, stored.size_bytes)
    key = cipher.key_of_picture(name)
    opened = SealedReader.of(stored.read, stored_bytes=stored.size_bytes, key=key)
    return opened.read(0, opened.size_bytes)
