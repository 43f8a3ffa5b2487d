"""Which uploads nobody comes back to, so that what has arrived may go: never one that is all there.

Its client was told that all of it has come, and has forgotten the file by now. It stays until it is a source, or somebody
ends it, however long a store is away, and whenever its address expires.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Q, QuerySet

from videos.uploads import states
from videos.uploads.models import Upload

# Of a direct upload only what was put together counts as sent to its last byte.
IS_WHOLE = Q(kind__in=(states.RESUMABLE, states.DIRECT), offset_bytes=F("length_bytes"))


def without_needed(uploads: QuerySet[Upload], at: datetime) -> QuerySet[Upload]:
    """Leave those whose lease is over, which nobody is at, and which are not whole.

    All of it stands in an upload's own row, so that the database looks once more under its lock. `is_needed` has the rest.
    """
    return uploads.filter(lease_expires_at__lt=at).exclude(IS_WHOLE).exclude(writer_expires_at__gt=at)


def is_needed(upload: Upload) -> bool:
    """Tell whether an upload is a file that is put together and has all its parts, or one of these parts."""
    if upload.kind == states.FINAL:
        return upload.pk in having_all_parts([(upload.pk, upload.parts)])
    if upload.kind != states.PARTIAL:
        return False
    waiting = Upload.objects.filter(
        kind=states.FINAL, status=states.RECEIVING, project_id=upload.project_id
    ).values_list("pk", "parts")
    return bool(having_all_parts([(pk, parts) for pk, parts in waiting if upload.pk in parts]))


def having_all_parts(finals: Collection[tuple[str, list[str]]]) -> set[str]:
    """Return the ids of those, given with the ids of their parts, whose parts are all there."""
    wanted = {part for _, parts in finals for part in parts}
    there = Upload.objects.filter(pk__in=wanted, status=states.RECEIVING, offset_bytes=F("length_bytes"))
    whole = set(there.values_list("pk", flat=True)) if wanted else set()
    return {pk for pk, parts in finals if whole.issuperset(parts)}


def is_all_there(upload: Upload) -> bool:
    """Tell whether an upload, as its row says, waits for nothing but to become a source, or part of one."""
    is_whole = upload.kind in {states.RESUMABLE, states.DIRECT} and upload.offset_bytes == upload.length_bytes
    return is_whole or is_needed(upload)
