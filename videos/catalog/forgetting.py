"""A video deleted for a person's sake: what its owner said of it goes at once, and not with the row some minutes later."""

from __future__ import annotations

from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.catalog.services import delete_video, locked_video
from videos.catalog.states import DELETING


@atomic
def delete_and_forget(*, video: Video) -> None:
    """Set a tombstone that says nothing of anybody.

    Raises: VideoNotFound, VideoHeldLegally.
    """
    locked = locked_video(video.pk)
    if locked.status != DELETING:
        delete_video(video=locked)
    Video.objects.filter(pk=locked.pk, status=DELETING).update(
        creator_id="", external_id="", title="", description="", metadata={}, failure_message=""
    )
