"""What an upload keeps of its project's bytes until it has ended: its length, or what has come where that is not told.

A file that is put together from parts keeps only what it takes beyond them, as they keep their own. So at every moment
all that is stored, or still may be, is counted, and once.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.access import quotas
from videos.errors import QuotaExceeded
from videos.uploads import states
from videos.uploads.models import Upload

STEP_BYTES = 16 * 1024 * 1024  # of a body whose length nobody knows, so much is kept ahead


def reserve(upload: Upload, wanted_bytes: int, config: Config) -> int:
    """Return what an upload keeps from now on. Its row is locked, and is to be written in the same transaction.

    Raises: SourceTooLarge, QuotaExceeded.
    """
    if wanted_bytes > upload.reserved_bytes:
        _room(upload, config).require(wanted_bytes)
    return wanted_bytes


@atomic
def reserve_ahead(*, upload_id: str, writer: str, config: Config) -> tuple[int, QuotaExceeded | None] | None:
    """Keep some more for a body whose length nobody knows; where not all is left, to the last byte that is.

    Returns what is kept by now, and why it is no more; None where `writer` may not write any more.
    """
    mine = Upload.objects.select_for_update().filter(pk=upload_id, writer=writer, status=states.RECEIVING)
    upload = mine.first()
    if upload is None:
        return None
    wanted_bytes = upload.reserved_bytes + STEP_BYTES
    room = _room(upload, config)
    refusal = None
    if room.left_bytes is not None and room.left_bytes < wanted_bytes:
        wanted_bytes = max(upload.reserved_bytes, room.left_bytes)
        refusal = room.refuse(wanted_bytes + 1)
    mine.update(reserved_bytes=wanted_bytes)
    return wanted_bytes, refusal


def beyond_parts_bytes(parts: Sequence[Upload], *, project_id: str, final: Upload | None = None) -> int:
    """Return what a file takes beyond its parts: those that it has again, that are gone, or that an earlier file takes.

    Parts whose length is not told yet count once it is.
    """
    earlier = Upload.objects.filter(kind=states.FINAL, status=states.RECEIVING, project_id=project_id)
    if final is not None:
        before = Q(created_at__lt=final.created_at) | Q(created_at=final.created_at, pk__lt=final.pk)
        earlier = earlier.filter(before)
    known = {part for ids in earlier.values_list("parts", flat=True) for part in ids}
    surplus_bytes = 0
    for part in parts:
        if part.pk in known or part.status != states.RECEIVING:
            surplus_bytes += part.length_bytes or 0
        known.add(part.pk)
    return surplus_bytes


def reserve_beyond_parts(final: Upload, config: Config) -> int:
    """Return what a file keeps beyond its parts, now that they are all there. In the transaction that writes its row.

    Raises: SourceTooLarge, QuotaExceeded.
    """
    found = {part.pk: part for part in Upload.objects.filter(pk__in=final.parts)}
    parts = [found[part_id] for part_id in final.parts if part_id in found]
    quotas.hold_project(final.project_id or "")  # before looking at other files that take the same parts
    wanted_bytes = beyond_parts_bytes(parts, project_id=final.project_id or "", final=final)
    return reserve(final, wanted_bytes, config)


def _room(upload: Upload, config: Config) -> quotas.Room:
    return quotas.find_room(
        project_id=upload.project_id or "",
        api_key_id=upload.api_key_id or "",
        config=config,
        held_bytes=upload.reserved_bytes,
    )
