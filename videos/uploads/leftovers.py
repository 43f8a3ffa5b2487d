"""What uploads straight to the bucket that were given up leave there: parts that nobody sees, and that cost room.

It is removed at once, and looked for again later: a part that was on its way at that moment may still have come, and
the store may have been away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.errors import GilfoyleError
from videos import layout
from videos.uploads import states
from videos.uploads.models import DirectUpload

log = structlog.get_logger(__name__)
BATCH = 50
FIRST_AFTER = timedelta(minutes=1)  # whoever gives one up removes it himself, unless the store fails
ONCE_MORE_AFTER = timedelta(hours=1)


def note_leftovers(*, upload_id: str) -> None:
    """Let the sweep look for what an upload has left; called in the transaction that gives it up."""
    at = timezone.now() + FIRST_AFTER
    DirectUpload.objects.filter(upload_id=upload_id).update(remove_at=at, is_settled=True)


def remove_parts(*, upload_id: str) -> None:
    """Remove what was sent for an upload, and take no more.

    Raises: StorageFault.
    """
    for direct in DirectUpload.objects.filter(upload_id=upload_id).select_related("upload"):
        _remove(direct)


def _remove(direct: DirectUpload) -> None:
    storage_multiparts.give_up_parts(direct.name, direct.store_id)
    is_given_up = direct.upload is not None and direct.upload.status == states.ABORTED
    if direct.is_staged or is_given_up:  # else it may be a source, or goes with its video
        storage.delete(direct.name)
    if is_given_up and direct.upload is not None and direct.upload.video_id is not None:
        upload = direct.upload
        storage.delete(layout.source_name(upload.project_id or "", upload.video_id or "", upload.pk))


def remove_leftovers(*, now: datetime | None = None) -> int:
    """Remove what was left in the bucket, twice; returns for how many. A store that fails is asked again."""
    now = now or timezone.now()
    # Their uploads went with a video or a project: whatever there may be of them is nobody's.
    DirectUpload.objects.filter(upload=None, remove_at=None, is_settled=False).update(
        remove_at=now, is_settled=True
    )
    DirectUpload.objects.filter(upload=None, remove_at=None).delete()
    removed = 0
    due = DirectUpload.objects.filter(remove_at__lte=now).select_related("upload")
    for direct in due.order_by("remove_at")[:BATCH]:
        try:
            _remove(direct)
        except GilfoyleError as error:
            log.warning("leftovers_not_removed", upload_id=direct.upload_id, code=error.code)
            DirectUpload.objects.filter(pk=direct.pk).update(remove_at=now + FIRST_AFTER)
            continue
        removed += 1
        again_at = None if direct.is_visited else now + ONCE_MORE_AFTER
        DirectUpload.objects.filter(pk=direct.pk).update(is_visited=True, remove_at=again_at)
    return removed
