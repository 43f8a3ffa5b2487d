"""What whoever has an upload address may know: what it takes, how far its upload is, what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gilfoyle.lib.config import Config
from videos.catalog import states as video_states
from videos.uploads import states, tus
from videos.uploads.errors import GrantExpired
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.permits import permit_of_grant
from videos.uploads.resumable import find_pending_of_grant

TOLD_FOR = timedelta(days=1)
FINGERPRINT = "fingerprint"  # the client's own mark of a file, in Upload-Metadata: not its name
MAX_FINGERPRINT_LENGTH = 128
STATUSES = ("waiting", "receiving", "processing", "ready", "failed", "taken")
RECEIVABLE = {video_states.AWAITING_UPLOAD, video_states.UPLOADING, video_states.FAILED}


def require_tellable(grant: UploadGrant, config: Config) -> None:
    """Check that the holder of an address may still ask: as long as it holds, and for a day after what it brought.

    Raises: GrantInvalid, GrantExpired, ProjectSuspended.
    """
    try:
        permit_of_grant(grant, config)
    except GrantExpired:
        upload = find_pending_of_grant(grant.pk)
        has_arrived = upload is not None and upload.finished_at is not None
        if not (upload and has_arrived and upload.finished_at > timezone.now() - TOLD_FOR):  # type: ignore[operator]  # asked before
            raise


def describe_to_holder(grant: UploadGrant, config: Config) -> dict[str, Any]:
    """Return what the holder of an address may know, and nothing of the video that it did not bring."""
    upload = find_pending_of_grant(grant.pk)
    video = grant.video
    is_its = upload is not None and upload.pk == video.source_upload_id
    status = _status(video.status, upload, is_its=is_its)
    return {
        "video_id": video.pk,
        "title": video.title,
        "status": status,
        "expires_at": grant.expires_at,
        "max_size_bytes": min(grant.max_size_bytes, int(config.upload.max_size_bytes)),
        "max_duration_s": min(
            grant.max_duration_s or config.upload.max_duration_s, config.upload.max_duration_s
        ),
        "containers": [
            one for one in config.upload.containers if not grant.containers or one in grant.containers
        ],
        "upload": _describe_upload(upload) if status == "receiving" and upload else None,
        "progress": video.progress if is_its else 0,
        "playable": is_its and video.playable,
        "failure": (
            {"code": video.failure_code, "message": video.failure_message} if status == "failed" else None
        ),
    }


def _status(video_status: str, upload: Upload | None, *, is_its: bool) -> str:
    if is_its and video_status in {video_states.READY, video_states.PROCESSING, video_states.FAILED}:
        return video_status
    if upload is not None and upload.status == states.RECEIVING:
        return "receiving"
    return "waiting" if video_status in RECEIVABLE else "taken"


def _describe_upload(upload: Upload) -> dict[str, Any] | None:
    if upload.kind not in states.TUS_KINDS:  # what goes straight to the bucket is gone on with there
        return None
    mark = tus.parse_metadata(upload.metadata).get(FINGERPRINT, b"")
    return {
        "id": upload.pk,
        "offset_bytes": upload.offset_bytes,
        "length_bytes": upload.length_bytes,
        "fingerprint": mark.decode("ascii", "replace")[:MAX_FINGERPRINT_LENGTH],
    }
