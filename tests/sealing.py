"""Sources that are to be encrypted, in a test."""

from __future__ import annotations

from typing import Any

from gilfoyle.lib.storage import save_bytes
from tests.factories import make_video
from videos.catalog import stored_sources
from videos.catalog.models import Video
from videos.catalog.source_keys import prepare_key


def set_sealing(settings: Any, wanted: str) -> None:
    """Set `storage.encrypt_sources`."""
    changed = settings.GILFOYLE.storage.model_copy(update={"encrypt_sources": wanted})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": changed})


def make_sealed_video(settings: Any, source: bytes, **fields: Any) -> Video:
    """Make a video whose source lies in the store encrypted; the settings must want it."""
    video = make_video(source=source, **fields)
    name = stored_sources.name_of(video)
    key = prepare_key(name=name, video_id=video.pk, config=settings.GILFOYLE)
    assert key is not None
    stored_sources.store_source(name, [source], key=key)
    video.source_is_sealed = True
    video.save()
    return video


def read_source(video: Video) -> bytes:
    """Return the bytes of a video's source as they came, however the store holds them."""
    source = stored_sources.open_source(Video.objects.get(pk=video.pk))
    return source.read(0, source.size_bytes)


def flip_bit(name: str, data: bytes, *, at: int) -> None:
    """Store `data` under the name with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    save_bytes(name, bytes(changed))
