import pytest

from gilfoyle.lib.errors import Refusal
from videos.uploads import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.TusVersionUnsupported, 412, "tus_version_unsupported"),
        (errors.TusHeaderInvalid, 400, "tus_header_invalid"),
        (errors.BodyTypeUnsupported, 415, "body_type_unsupported"),
        (errors.UploadNotFound, 404, "upload_not_found"),
        (errors.UploadExpired, 410, "upload_expired"),
        (errors.UploadKeyLost, 410, "upload_key_lost"),
        (errors.UploadOffsetMismatch, 409, "upload_offset_mismatch"),
        (errors.UploadLengthFixed, 409, "upload_length_fixed"),
        (errors.UploadResumedElsewhere, 409, "upload_resumed_elsewhere"),
        (errors.FinalUploadClosed, 403, "upload_is_final"),
        (errors.ChecksumUnsupported, 400, "checksum_unsupported"),
        (errors.ChecksumMismatch, 460, "checksum_mismatch"),
        (errors.GrantInvalid, 403, "upload_grant_invalid"),
        (errors.GrantExpired, 410, "upload_grant_expired"),
        (errors.OriginNotAllowed, 403, "origin_not_allowed"),
        (errors.GrantNotFound, 404, "upload_grant_not_found"),
        (errors.UploadBytesDiffer, 409, "upload_bytes_differ"),
        (errors.RangeInvalid, 400, "content_range_invalid"),
    ],
)
def test_codes_and_statuses_that_clients_rely_on(error: type[Refusal], status: int, code: str) -> None:
    assert (error.http_status, error.code) == (status, code)


def test_a_mismatch_tells_where_the_upload_is() -> None:
    assert errors.UploadOffsetMismatch("No.", offset_bytes=7).offset_bytes == 7
