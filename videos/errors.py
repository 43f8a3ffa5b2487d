"""What can go wrong around videos, in the caller's words."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal, TooLarge, TooMany


class VideoNotFound(NotFound):
    code = "video_not_found"


class ProjectSuspended(NotAllowed):
    code = "project_suspended"


class UploadsFrozen(NotAllowed):
    """The project, the key or the creator may upload nothing at the moment; the facts say which."""

    code = "uploads_frozen"
    told = ("of",)


class VideosLimited(TooMany):
    """The project, the key or the creator has made as many videos today as it may at the moment."""

    code = "videos_limited"
    told = ("of", "limit", "used")


class VideoHeldLegally(Conflict):
    """Nothing of this video may be deleted or replaced."""

    code = "legal_hold"


class VideoStopped(NotAllowed):
    """The video was restricted: nothing more is taken for it."""

    code = "video_restricted_for_uploads"


class KeyInvalid(Refusal):
    """No, an unknown, an expired or a revoked API key."""

    code = "api_key_invalid"
    http_status = 401


class ScopeMissing(NotAllowed):
    code = "scope_missing"


class IdempotencyKeyInvalid(Refusal):
    code = "idempotency_key_invalid"


class IdempotencyKeyInUse(Conflict):
    """The first request under this key has not been answered yet."""

    code = "idempotency_key_in_use"
    retry_after_s = 1


class IdempotencyKeyReused(InvalidInput):
    """The key stands for another request."""

    code = "idempotency_key_reused"


class QuotaExceeded(NotAllowed):
    """The project, or the key, has used up what it may; the facts say of what, how much, and what was asked."""

    code = "quota_exceeded"
    told = ("quota", "of", "limit", "used", "asked")


class TooManyRequests(TooMany):
    code = "too_many_requests"
    told = ("of", "limit")


class TooManyUploads(TooMany):
    """As many unfinished uploads as are allowed are there."""

    code = "too_many_uploads"
    told = ("of", "limit", "used")
    retry_after_s = 30


class SourceExists(Conflict):
    code = "source_exists"


class AlreadyReprocessing(Conflict):
    code = "already_reprocessing"


class UploadInProgress(Conflict):
    code = "upload_in_progress"


class UploadIncomplete(Refusal):
    """The connection ended before the announced length; nothing was kept."""

    code = "upload_incomplete"


class SourceDiffers(Refusal):
    """The file that arrived is not the one that was announced by its hash; nothing was kept."""

    code = "source_differs"
    http_status = 422


class PosterBeyondEnd(Refusal):
    """The moment chosen for the poster lies behind the video's end."""

    code = "poster_beyond_end"
    http_status = 422


class LengthRequired(Refusal):
    code = "length_required"
    http_status = 411


class SourceTooLarge(TooLarge):
    code = "source_too_large"


class VideoBeingDeleted(Conflict):
    code = "video_deleted"


class UploadTakenOver(Conflict):
    """The transfer lost its lease, or its video is gone."""

    code = "upload_ended"


class TrackNotFound(NotFound):
    code = "track_not_found"


class TrackRejected(InvalidInput):
    """A text track can't be taken; the message is shown to the caller."""

    code = "track_rejected"


class TrackNotText(TrackRejected):
    code = "track_not_text"


class TrackEmpty(TrackRejected):
    code = "track_empty"


class TrackTooLarge(TrackRejected):
    code = "track_too_large"
    http_status = 413


class TooManyTracks(Conflict):
    code = "too_many_tracks"


class HashListNotFound(NotFound):
    code = "hash_list_not_found"
