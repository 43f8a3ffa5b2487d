"""Notes on an address that its file has arrived, so that those without one are found among millions."""

from __future__ import annotations

from django.utils import timezone

from gilfoyle.lib.after_commit import after_commit
from videos.uploads.models import Upload, UploadGrant


def note_arrival(upload: Upload) -> None:
    """Note it once the transaction that finishes the upload is over; what is lost then costs only time.

    Not within it: whoever uploads by an address holds the address before the video, and here the video is held.
    """
    if upload.grant_id is not None:
        after_commit(_note, upload.grant_id)


def _note(grant_id: str) -> None:
    UploadGrant.objects.filter(pk=grant_id, arrived_at=None).update(arrived_at=timezone.now())
