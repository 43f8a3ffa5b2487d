"""Which objects of the media store the rows name, as they are in the transaction of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gilfoyle.stores.facts import UPLOAD, Facts, facts_of_uploads, facts_of_videos
from gilfoyle.stores.names import SOURCE, TRACK, parse_name
from gilfoyle.stores.surveying import batches_of, kind_of, receiving_ids, video_ids
from videos.catalog import states as video_states
from videos.catalog.models import Video
from videos.catalog.stored_sources import name_of
from videos.uploads import states as upload_states
from videos.uploads.models import DirectUpload, Upload


@dataclass(frozen=True, slots=True)
class Named:
    """An object by its name; its size as stored where rows know it, and a source's SHA-256, of what it is unsealed."""

    name: str
    size_bytes: int | None
    source_sha256: str = ""
    is_sealed: bool = False


def named_objects() -> Iterator[Named]:
    """Yield all objects that a restored database needs, in constant memory. What is being made is made again."""
    for batch in batches_of(video_ids()):
        for _, facts in facts_of_videos(batch):
            yield from _named(facts)
    for batch in batches_of(receiving_ids()):
        for _, facts in facts_of_uploads(batch):
            yield from _named(facts)
    # Parts that their client sent to the bucket, and which are one object: complete, and nobody sends them again.
    joined = DirectUpload.objects.filter(is_stored=True, upload__status=upload_states.RECEIVING)
    for name, size_bytes in joined.values_list("name", "upload__length_bytes").iterator():
        yield Named(name, size_bytes)


def _named(facts: Facts) -> Iterator[Named]:
    source = facts.source
    source_name = name_of(source) if source is not None else ""
    for name, size_bytes in facts.wanted.items():
        if source is not None and name == source_name:
            yield Named(name, size_bytes, source.source_sha256 or "", source.source_is_sealed)
        else:
            yield Named(name, size_bytes)
    for name in facts.grown:  # an upload goes on where its row says; the object may be longer
        yield Named(name, None)


def was_deleted(name: str) -> bool:
    """Tell whether an object is gone because what it belongs to was deleted or ended.

    What a living video has not any more because another took its place is not deleted: the backup's database needs it.
    """
    parsed = parse_name(name)
    if parsed is None:
        return False
    if kind_of(parsed.family) == UPLOAD:
        return not Upload.objects.filter(pk=parsed.owner, status=upload_states.RECEIVING).exists()
    if not Video.objects.filter(pk=parsed.owner).exclude(status=video_states.DELETING).exists():
        return True
    if parsed.family == SOURCE:
        return Upload.objects.filter(pk=name.split("/")[3], status=upload_states.ABORTED).exists()
    if parsed.family == TRACK:
        ((_, facts),) = facts_of_videos([parsed.owner])
        return name not in facts.wanted
    return False
