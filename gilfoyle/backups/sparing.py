"""What may have come after a backup was taken, and no restored row knows of: no sweep is to remove it for a while.

A restored upload that is still receiving may have ended since, and a promised copy may have become the source: its object is
then all that there is. Whoever restores has that while to look.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.catalog.models import SpareSource
from videos.imports import states as import_states
from videos.imports.models import Import
from videos.uploads.models import Upload
from videos.uploads.states import RECEIVING

SPARED_FOR = timedelta(days=14)


@atomic
def spare_what_came_since() -> list[str]:
    """Let uploads and imports under way and promised copies be for a while, and return them in words.

    What is doomed stays so: it can't have become a source.
    """
    until = timezone.now() + SPARED_FOR
    uploads = Upload.objects.filter(status=RECEIVING)
    copies = SpareSource.objects.filter(is_doomed=False)
    told = [
        f"upload {pk} of {video_id or 'no video'}" for pk, video_id in uploads.values_list("pk", "video_id")
    ]
    told += [f"object {name}" for name in copies.values_list("name", flat=True)]
    # What of an import has arrived by the rows may be a whole source by now: to go on with it would remove that.
    imports = Import.objects.filter(status__in=import_states.LIVE, upload_id__gt="")
    told += [f"import {pk} of {video_id}" for pk, video_id in imports.values_list("pk", "video_id")]
    imports.filter(status=import_states.FETCHING, lease_expires_at__lt=until).update(lease_expires_at=until)
    imports.filter(status=import_states.WAITING, ready_at__lt=until).update(ready_at=until)
    uploads.filter(lease_expires_at__lt=until).update(lease_expires_at=until)
    copies.filter(remove_at__lt=until).update(remove_at=until)
    return told
