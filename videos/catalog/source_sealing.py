"""A source that lies in the clear is stored once more, encrypted and otherwise as it is, and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gilfoyle.lib.config import Config
from gilfoyle.lib.sealed_storage import read_through, require_stored_as
from gilfoyle.lib.storage_faults import StorageFault
from videos.catalog.models import Video
from videos.catalog.source_keys import are_sources_sealed
from videos.catalog.sources import Replacement, promise_replacement
from videos.catalog.stored_sources import open_source, store_source


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A whole and verified copy of a source, which may take its place; size and hash are those of the file itself."""

    promised: Replacement
    size_bytes: int
    sha256: str


def is_to_be_sealed(video: Video, config: Config) -> bool:
    """Tell whether a source lies as it came, in the clear, where sources are to be encrypted."""
    is_as_it_came = not (video.source_is_sealed or video.source_version)
    return is_as_it_came and are_sources_sealed(config)


def store_sealed_copy(*, video: Video, config: Config, heartbeat: Callable[[], None]) -> SealedCopy:
    """Store an encrypted copy of a source beside it; the sweep removes it where it does not take its place.

    Raises: StorageFault where the source is not what was uploaded (`is_altered` of its facts), or the copy can't be read
    back; SealBroken, NoSpace; whatever `heartbeat` raises.
    """
    digest, opened = hashlib.sha256(), open_source(video)
    promised = promise_replacement(video=video, config=config)
    if promised.key is None:
        message = "Sources are not encrypted here."
        raise ValueError(message)

    def pieces() -> Iterator[bytes]:
        for piece in read_through(opened.read, opened.size_bytes, heartbeat=heartbeat):
            digest.update(piece)
            yield piece

    store_source(promised.name, pieces(), key=promised.key)
    made = SealedCopy(promised, opened.size_bytes, digest.hexdigest())
    if video.source_sha256 not in {"", made.sha256}:
        message = "The stored source is not what was uploaded."
        raise StorageFault(message, name=promised.name, is_altered=True)
    require_stored_as(
        promised.name, promised.key, size_bytes=made.size_bytes, sha256=made.sha256, heartbeat=heartbeat
    )
    return made
