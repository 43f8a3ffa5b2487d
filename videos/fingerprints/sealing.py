"""Hashes of pictures as they lie in the database: encrypted, for pictures can be guessed from them in part."""

from __future__ import annotations

from django.conf import settings

from gilfoyle.lib.wrapped_keys import KeyUnusable, unwrap_key, wrap_key
from videos.fingerprints.models import HASH_BYTES, BlockedFingerprint, VideoFingerprint

PURPOSE = "fingerprint"
MOMENT_BYTES = 4
DAMAGED = "The hashes of these pictures are damaged."


def seal_hashes(data: bytes, *, owner: str) -> bytes:
    """Encrypt the hashes of one video or ban."""
    return wrap_key(data, purpose=PURPOSE, owner=owner, root_secret=settings.GILFOYLE_ROOT_SECRET)


def open_hashes(sealed: bytes, *, owner: str) -> bytes:
    """Return what was sealed for this owner.

    Raises: KeyUnusable.
    """
    return unwrap_key(sealed, purpose=PURPOSE, owner=owner, root_secret=settings.GILFOYLE_ROOT_SECRET)


def open_ban(ban: BlockedFingerprint) -> tuple[bytes, bytes]:
    """Return the hashes of a ban's pictures, 32 bytes each, and the moment of each, 4 bytes (little endian).

    Raises: KeyUnusable.
    """
    hashes, moments = _whole(ban.hashes, owner=ban.pk), bytes(ban.moments or b"")
    if len(moments) * HASH_BYTES != len(hashes) * MOMENT_BYTES:
        raise KeyUnusable(DAMAGED, owner=ban.pk)
    return hashes, moments


def open_video(kept: VideoFingerprint) -> bytes:
    """Return the hashes of a video's pictures, 32 bytes each.

    Raises: KeyUnusable.
    """
    return _whole(kept.hashes, owner=kept.video_id)


def _whole(sealed: bytes | memoryview | None, *, owner: str) -> bytes:
    hashes = open_hashes(bytes(sealed or b""), owner=owner)
    if len(hashes) % HASH_BYTES:
        raise KeyUnusable(DAMAGED, owner=owner)
    return hashes
