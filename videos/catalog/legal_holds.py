"""What may not be done to a video for now: nothing deleted under a legal hold, nothing taken for what is restricted."""

from __future__ import annotations

from videos.access.freezes import require_not_frozen
from videos.catalog.models import Video
from videos.catalog.states import STOPPED
from videos.errors import VideoHeldLegally, VideoStopped


def require_not_held(video: Video) -> None:
    """Refuse to delete or replace anything of a video that is under a legal hold.

    Raises: VideoHeldLegally.
    """
    if video.legal_hold:
        message = "This video is under a legal hold: nothing of it may be deleted or replaced."
        raise VideoHeldLegally(message, hint="Ask the operator of this server.")


def require_open_to_uploads(video: Video) -> None:
    """Refuse a source for a video that is restricted, or whose uploads are frozen.

    Raises: VideoStopped, UploadsFrozen.
    """
    if video.restriction in STOPPED:
        message = "This video is restricted: no source is taken for it."
        raise VideoStopped(message)
    require_not_frozen(project_id=video.project_id, creator_id=video.creator_id)
