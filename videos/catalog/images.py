"""What is recorded of a video's pictures: one set of each kind in a revision, the newest version of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gilfoyle.lib import storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog.models import ImageSet
from videos.catalog.services import count_revision_bytes, hold_video


@atomic
def add_image_set(
    *,
    video_id: str,
    revision: str,
    kind: str,
    version: int,
    size_bytes: int,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Record that pictures are stored; a newer version replaces an older one.

    The version that is replaced stays in storage until the next, for those who learnt of it a moment ago.
    """
    hold_video(video_id=video_id)
    known = ImageSet.objects.filter(video_id=video_id, revision=revision, kind=kind).first()
    image_set = known or ImageSet(video_id=video_id, revision=revision, kind=kind)
    change_bytes = size_bytes
    if known is not None and known.version != version:
        change_bytes -= _forget(known)
        image_set.replaced_version, image_set.replaced_size_bytes = known.version, known.size_bytes
    elif known is not None:
        change_bytes -= known.size_bytes
    count_revision_bytes(video_id, revision, change_bytes)
    image_set.version, image_set.size_bytes, image_set.facts = version, size_bytes, dict(facts or {})
    image_set.save()


def _forget(image_set: ImageSet) -> int:
    """Remove the version before the present one; returns how many bytes that gives back."""
    if image_set.replaced_version:
        video = image_set.video
        gone = layout.image_folder(
            video.project_id, video.pk, image_set.revision, image_set.kind, image_set.replaced_version
        )
        # Robust: a store that fails now costs room until the video is deleted, and nothing else.
        after_commit(storage.delete_folder, gone)
        return image_set.replaced_size_bytes
    return 0
