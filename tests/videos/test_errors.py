import pytest

from gilfoyle.lib.errors import Refusal
from videos import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.VideoNotFound, 404, "video_not_found"),
        (errors.ProjectSuspended, 403, "project_suspended"),
        (errors.UploadsFrozen, 403, "uploads_frozen"),
        (errors.VideoHeldLegally, 409, "legal_hold"),
        (errors.VideoStopped, 403, "video_restricted_for_uploads"),
        (errors.KeyInvalid, 401, "api_key_invalid"),
        (errors.ScopeMissing, 403, "scope_missing"),
        (errors.QuotaExceeded, 403, "quota_exceeded"),
        (errors.TooManyRequests, 429, "too_many_requests"),
        (errors.TooManyUploads, 429, "too_many_uploads"),
        (errors.SourceExists, 409, "source_exists"),
        (errors.UploadInProgress, 409, "upload_in_progress"),
        (errors.UploadIncomplete, 400, "upload_incomplete"),
        (errors.SourceDiffers, 422, "source_differs"),
        (errors.LengthRequired, 411, "length_required"),
        (errors.SourceTooLarge, 413, "source_too_large"),
        (errors.VideoBeingDeleted, 409, "video_deleted"),
        (errors.UploadTakenOver, 409, "upload_ended"),
        (errors.TrackNotFound, 404, "track_not_found"),
        (errors.TrackRejected, 422, "track_rejected"),
        (errors.TrackNotText, 422, "track_not_text"),
        (errors.TrackEmpty, 422, "track_empty"),
        (errors.TrackTooLarge, 413, "track_too_large"),
        (errors.TooManyTracks, 409, "too_many_tracks"),
    ],
)
def test_codes_and_statuses_that_clients_rely_on(error: type[Refusal], status: int, code: str) -> None:
    assert (error.http_status, error.code) == (status, code)
