"""The keys that stored sources are encrypted with: one for each object, wrapped, in a table of their own.

The row comes before the object and goes before it: whoever writes an object once more writes it under the same key,
and without its row an object is random bytes, wherever copies of it may lie.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault
from gilfoyle.lib.sealed_chunks import new_key
from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import unwrap_key, wrap_key
from videos.catalog.models import SourceKey

PURPOSE = "source"


class SourceKeyMissing(Fault):
    """A source is encrypted, and its key is not in the database: destroyed, or not in the backup that was restored."""

    code: ClassVar[str] = "source_key_missing"


def are_sources_sealed(config: Config) -> bool:
    """Tell whether sources are to be encrypted where they are stored."""
    wanted = config.storage.encrypt_sources
    is_open = config.storage.is_public or storage.local_path("sources") is None
    return wanted == "always" or (wanted == "auto" and is_open)


def prepare_key(*, name: str, video_id: str, config: Config) -> bytes | None:
    """Return the key that an object is to be written under, the same one each time; None where it stays in the clear."""
    kept = SourceKey.objects.filter(pk=name).first()
    if kept is None and are_sources_sealed(config):
        wrapped = wrap_key(new_key(), purpose=PURPOSE, owner=name, root_secret=settings.GILFOYLE_ROOT_SECRET)
        # Where two begin at once, both write under the key that came first.
        kept, _ = SourceKey.objects.get_or_create(
            pk=name, defaults={"video_id": video_id, "wrapped": wrapped}
        )
    return None if kept is None else _unwrap(kept)


def find_key(name: str) -> bytes:
    """Return the key of a sealed object.

    Raises: SourceKeyMissing, KeyUnusable.
    """
    kept = SourceKey.objects.filter(pk=name).first()
    if kept is None:
        message = "The key of this video's stored source is not in the database."
        raise SourceKeyMissing(message, name=name)
    return _unwrap(kept)


def _unwrap(kept: SourceKey) -> bytes:
    root_secret = settings.GILFOYLE_ROOT_SECRET
    return unwrap_key(bytes(kept.wrapped), purpose=PURPOSE, owner=kept.name, root_secret=root_secret)


@atomic
def destroy_key(name: str) -> None:
    """Make an object unreadable for good."""
    SourceKey.objects.filter(pk=name).delete()


@atomic
def destroy_source_keys(*, video_id: str, except_for: str = "") -> None:
    """Make all sources of a video unreadable for good, but one."""
    SourceKey.objects.filter(video_id=video_id).exclude(pk=except_for).delete()
