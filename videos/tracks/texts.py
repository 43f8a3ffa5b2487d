"""The texts of tracks as they are stored: sealed where their project's videos are encrypted, each with a key of its own.

A text says what is said in a video, so it is kept as that is. The key goes with the track's row, and with the video.
"""

from __future__ import annotations

from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import new_key
from gilfoyle.lib.sealed_storage import open_sealed, save_sealed
from gilfoyle.lib.wrapped_keys import unwrap_key, wrap_key
from videos.tracks.models import TrackKey

PURPOSE = "text"


def save_text(name: str, data: bytes, *, is_encrypted: bool) -> bytes | None:
    """Store a text; returns its key, wrapped, to be recorded with the track; None where it lies in the clear.

    Raises: NoSpace, StorageFault.
    """
    if not is_encrypted:
        storage.save_bytes(name, data)
        return None
    key = new_key()
    save_sealed(name, [data], key)
    return wrap_key(key, purpose=PURPOSE, owner=name, root_secret=settings.GILFOYLE_ROOT_SECRET)


def read_text(name: str, *, track_id: str, size_bytes: int, is_encrypted: bool) -> bytes | None:
    """Return a text as it was saved; None where its key was destroyed.

    Raises: ObjectMissing, StorageFault, SealBroken, KeyUnusable.
    """
    if not is_encrypted:
        with storage.open_stored(name) as stored:
            return stored.read()
    kept = TrackKey.objects.filter(pk=track_id).first()
    if kept is None:
        return None
    root_secret = settings.GILFOYLE_ROOT_SECRET
    key = unwrap_key(bytes(kept.wrapped), purpose=PURPOSE, owner=name, root_secret=root_secret)
    return open_sealed(name, key, size_bytes=size_bytes).read(0, size_bytes)
