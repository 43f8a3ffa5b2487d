"""What can go wrong with a resumable upload, in its client's words."""

from __future__ import annotations

from typing import Any, ClassVar

from gilfoyle.lib.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal


class TusVersionUnsupported(Refusal):
    """No, or another version of the protocol."""

    code = "tus_version_unsupported"
    http_status = 412


class TusHeaderInvalid(Refusal):
    """A header that the protocol does not allow so."""

    code = "tus_header_invalid"


class BodyTypeUnsupported(Refusal):
    code = "body_type_unsupported"
    http_status = 415


class UploadNotFound(NotFound):
    code = "upload_not_found"


class UploadExpired(Refusal):
    """It expired, was given up or terminated; a new one is needed. `ended_code`: why it ended, where that is known."""

    code = "upload_expired"
    http_status = 410
    told = ("ended_code",)


class UploadKeyLost(Refusal):
    """What has arrived is encrypted, and its key was lost, as with a database that was restored without its keys."""

    code = "upload_key_lost"
    http_status = 410


class UploadOffsetMismatch(Conflict):
    """The bytes would not continue what is there."""

    code = "upload_offset_mismatch"

    def __init__(self, message: str, *, offset_bytes: int, **rest: Any) -> None:
        super().__init__(message, offset_bytes=offset_bytes, **rest)
        self.offset_bytes = offset_bytes


class UploadLengthFixed(Conflict):
    """A length that is known may not become another one."""

    code = "upload_length_fixed"


class UploadResumedElsewhere(Conflict):
    """Another connection has taken the upload over; it is whole up to its offset."""

    code = "upload_resumed_elsewhere"


class FinalUploadClosed(NotAllowed):
    """What is put together from parts takes no bytes of its own."""

    code = "upload_is_final"


class ChecksumUnsupported(Refusal):
    code = "checksum_unsupported"


class ChecksumMismatch(Refusal):
    """The bytes are not those that were sent; none was kept."""

    code = "checksum_mismatch"
    http_status: ClassVar[int] = 460  # tus 1.0


class GrantInvalid(NotAllowed):
    """An upload address that nobody signed, or whose key or video has gone."""

    code = "upload_grant_invalid"


class GrantExpired(Refusal):
    code = "upload_grant_expired"
    http_status = 410


class OriginNotAllowed(NotAllowed):
    code = "origin_not_allowed"


class RangeInvalid(Refusal):
    """A Content-Range that says nothing, or is not what the body is."""

    code = "content_range_invalid"


class UploadBytesDiffer(Conflict):
    """What was sent again is not what was sent before: another file."""

    code = "upload_bytes_differ"


class GrantNotFound(NotFound):
    code = "upload_grant_not_found"


class DirectUploadUnavailable(Conflict):
    """Sources are not kept in a bucket, or clients may not send to it."""

    code = "direct_upload_unavailable"


class PartInvalid(InvalidInput):
    """A size of parts, or a number of one, that this file can't have."""

    code = "upload_part_invalid"


class PartsMissing(Conflict):
    """The file is not all there; what is there stays."""

    code = "upload_parts_missing"


class PartsTooLarge(InvalidInput):
    """More was sent than was announced; nothing was kept."""

    code = "upload_parts_too_large"


class PartsChanged(Conflict):
    """The parts in the store are not those that the client names."""

    code = "upload_parts_changed"


class UploadComplete(Conflict):
    """All of it has been put together: it takes no more parts."""

    code = "upload_complete"
