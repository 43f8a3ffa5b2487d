"""The only writer of what viewers are allowed of a video, and of legal holds. Moderation decides; here it bites."""

from __future__ import annotations

from gilfoyle.lib.events import publish
from gilfoyle.lib.transactions import atomic
from videos.catalog.models import Video
from videos.catalog.services import locked_video
from videos.catalog.terms import PlaybackTerms
from videos.events import VideoRestricted


@atomic
def apply_restriction(*, video_id: str, terms: PlaybackTerms) -> bool:
    """Let a video be played on these terms alone, from now on; False, and no change, where it is so already.

    Raises: VideoNotFound.
    """
    video = locked_video(video_id)
    if terms_of_video(video) == terms:
        return False
    video.restriction, video.needs_age = terms.level, terms.needs_age
    video.embedding_off = terms.embedding_off
    video.blocked_countries = " ".join(terms.blocked_countries)
    video.save(update_fields=["restriction", "needs_age", "embedding_off", "blocked_countries", "updated_at"])
    publish(VideoRestricted(video.pk))
    return True


def terms_of_video(video: Video) -> PlaybackTerms:
    """Return the terms that a video's row holds."""
    return PlaybackTerms(
        video.restriction, video.needs_age, video.embedding_off, tuple(video.blocked_countries.split())
    )


@atomic
def set_legal_hold(*, video_id: str, is_held: bool) -> None:
    """Let nothing of a video be deleted or replaced from now on, or let it again.

    Raises: VideoNotFound.
    """
    video = locked_video(video_id)
    if video.legal_hold != is_held:
        video.legal_hold = is_held
        video.save(update_fields=["legal_hold", "updated_at"])
