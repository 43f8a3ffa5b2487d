"""Why a viewer gets nothing. Outside, one body shape and few words; inside, `facts["reason"]` says which check failed."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound, Refusal


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


class TokenNotYetValid(PlaybackRefused):
    """The token will be right from the time on that its maker chose."""

    code = "token_not_yet_valid"

    def __init__(self) -> None:
        super().__init__(
            "This playback address is not valid yet.", hint="Come back later.", reason="not_before"
        )


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


class SessionNotRefreshable(PlaybackRefused):
    """The token was made without a session that outlives it."""

    code = "session_not_refreshable"

    def __init__(self) -> None:
        super().__init__(
            "This playback address can't be renewed.", hint="Ask for a new one.", reason="session"
        )


class PlaybackUnavailable(Fault):
    """Whether the viewer may watch could not be found out, so the answer is no."""

    code = "playback_unavailable"
    http_status = 503


class NothingToExplain(InvalidInput):
    """What was asked for is not of this video, or can't be in any."""

    code = "nothing_to_explain"


class RevocationNotFound(NotFound):
    code = "revocation_not_found"


class VideoNotPlayable(Conflict):
    """The video has no segments yet, so there is nothing to sign for."""

    code = "video_not_playable"


class VideoIsRestricted(NotAllowed):
    """No token is made for a restricted video."""

    code = "video_is_restricted"


class ClipsNotKept(Conflict):
    """Where others can read the files, a token for a part of them would open all."""

    code = "clips_not_kept"


class AgeNotConfirmed(NotAllowed):
    """The video has an age label, and nobody says that the viewer is old enough."""

    code = "age_not_confirmed"


class CountryNeeded(NotAllowed):
    """The video is blocked in some countries, and nobody says where the viewer is."""

    code = "country_needed"


class SigningKeyNotFound(NotFound):
    """No such signing key in this project."""

    code = "signing_key_not_found"


class SigningKeyRevoked(Conflict):
    """A revoked key stays as it is."""

    code = "signing_key_revoked"


class SigningKeyIsOwn(Conflict):
    """Gilfoyle looks after the keys that it signs with itself."""

    code = "signing_key_is_own"


class PublicKeyRevoked(Conflict):
    """Somebody else may have the private half of it."""

    code = "public_key_revoked"


class TooManySigningKeys(Conflict):
    """Each key is one more that can be stolen."""

    code = "too_many_signing_keys"


class TooManyRevocations(Conflict):
    """Every web process holds them all."""

    code = "too_many_revocations"


class OembedUnauthorized(PlaybackRefused):
    """An embed address whose token opens nothing; oEmbed has one status for all that is private."""

    code = "oembed_unauthorized"
    http_status = 401


class OembedFormatUnknown(Refusal):
    """oEmbed has two formats, and demands one."""

    code = "oembed_format_unknown"
    http_status = 501

    def __init__(self) -> None:
        super().__init__("oEmbed answers are JSON here.", hint="Ask with format=json.")


class OembedSizeInvalid(Refusal):
    """`maxwidth` or `maxheight` is no number of pixels."""

    code = "oembed_size_invalid"
    http_status = 400

    def __init__(self) -> None:
        super().__init__("maxwidth and maxheight are whole numbers of pixels, at least 1.")
