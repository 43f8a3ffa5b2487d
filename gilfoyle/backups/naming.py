"""Which objects of the media store the rows name, as they are in the transaction of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gilfoyle.stores.facts import UPLOAD, Facts, facts_of_uploads, facts_of_videos
from gilfoyle.stores.names import parse_name
from gilfoyle.stores.surveying import batches_of, kind_of, receiving_ids, video_ids
from videos.catalog.stored_sources import name_of


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


def is_still_named(name: str) -> bool:
    """Tell whether a row names an object now."""
    parsed = parse_name(name)
    if parsed is None:
        return False
    facts_of = facts_of_uploads if kind_of(parsed.family) == UPLOAD else facts_of_videos
    ((_, facts),) = facts_of([parsed.owner])
    return name in facts.wanted or name in facts.grown
