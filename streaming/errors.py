"""Why a viewer gets nothing. Outside, one body shape and few words; inside, `facts["reason"]` says which check failed."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, Fault, NotAllowed, Refusal


class PlaybackRefused(Refusal):
    """A viewer may not have a file now."""

    code = "playback_refused"
    http_status = 403


class TokenInvalid(PlaybackRefused):
    """No token, or one that was not signed for exactly this; tells nothing about the video."""

    code = "token_invalid"
    http_status = 401

    def __init__(self, reason: str) -> None:
        super().__init__("This playback address is not valid.", hint="Ask for a new one.", reason=reason)


class TokenExpired(PlaybackRefused):
    """The token was right once."""

    code = "token_expired"
    http_status = 401

    def __init__(self) -> None:
        super().__init__("This playback address has expired.", hint="Ask for a new one.", reason="expired")


class VideoNotReady(PlaybackRefused):
    """There is nothing to play yet, or no longer."""

    code = "video_not_ready"
    http_status = 404

    def __init__(self, reason: str) -> None:
        super().__init__("There is nothing to play here.", reason=reason)


class MediaNotFound(PlaybackRefused):
    """The video plays, but has no such file (any more)."""

    code = "media_not_found"
    http_status = 404

    def __init__(self, reason: str) -> None:
        super().__init__("There is no such file in this video.", reason=reason)


class VideoRestricted(PlaybackRefused):
    """The video or its project is restricted."""

    code = "video_restricted"

    def __init__(self, reason: str) -> None:
        super().__init__("This video is not available.", reason=reason)


class PlaybackForbidden(PlaybackRefused):
    """The token is genuine, but was not made for this kind of file, size or site."""

    code = "playback_forbidden"

    def __init__(self, reason: str) -> None:
        super().__init__("This playback address does not allow this.", reason=reason)


class PlaybackUnavailable(Fault):
    """Whether the viewer may watch could not be found out, so the answer is no."""

    code = "playback_unavailable"
    http_status = 503


class VideoNotPlayable(Conflict):
    """The video has no segments yet, so there is nothing to sign for."""

    code = "video_not_playable"


class VideoIsRestricted(NotAllowed):
    """No token is made for a restricted video."""

    code = "video_is_restricted"
