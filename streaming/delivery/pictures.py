"""Pictures of encrypted videos: opened here, whoever else sends segments, for no player has a key for them."""

from __future__ import annotations

import io

from django.conf import settings
from django.db import Error as DatabaseError

from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.wrapped_keys import KeyUnusable
from streaming.admission import on_usable_connection
from streaming.delivery.caching import make_etag
from streaming.delivery.stored_body import StoredObject
from streaming.errors import MediaNotFound, PlaybackUnavailable
from videos.catalog.content_keys import find_cipher
from videos.catalog.sealed_pictures import read_picture
from videos.catalog.selectors import PlaybackPolicy
from videos.segment_cipher import SegmentCipher


def open_picture(name: str, policy: PlaybackPolicy) -> StoredObject:
    """Open a sealed picture for sending; a key that was destroyed a moment ago opens nothing.

    Raises: MediaNotFound, PlaybackUnavailable; ObjectMissing, StorageFault.
    """
    try:
        cipher = on_usable_connection(_find_cipher)(policy)
        data = read_picture(name, cipher) if cipher is not None else None
    except (DatabaseError, KeyUnusable, SealBroken) as error:
        message = "This picture can't be opened at the moment."
        raise PlaybackUnavailable(message, error=type(error).__name__) from error
    if data is None:
        raise MediaNotFound("key")
    # A version of a picture never changes, so its name stands for its bytes.
    return StoredObject(io.BytesIO(data), len(data), make_etag(*name.rsplit("/", 3)[1:], len(data)))


def _find_cipher(policy: PlaybackPolicy) -> SegmentCipher | None:
    return find_cipher(
        video_id=policy.video_id, revision=policy.revision, root_secret=settings.GILFOYLE_ROOT_SECRET
    )
